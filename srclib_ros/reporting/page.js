"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  function fail(message) {
    byId("error").textContent = `This page could not be drawn whole: ${message}`;
    byId("error").hidden = false;
    document.body.dataset.error = message;
  }
  addEventListener("error", (event) => fail(event.message));

  const data = JSON.parse(byId("data").textContent);
  const parts = data.parts;
  const rowOf = new Map(parts.map((part, row) => [part.name, row]));

  function make(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  function fillThumbnail(box, row, withReason) {
    const { thumbnail, why } = parts[row];
    if (thumbnail) {
      box.replaceChildren(make("img", { src: `data:image/png;base64,${thumbnail}`, alt: "" }));
    } else {
      box.classList.add("none");
      box.title = why;
      if (withReason) box.textContent = why;
    }
    return box;
  }

  function thumbnail(row, withReason = false) {
    return fillThumbnail(make("span", { className: "thumb" }), row, withReason);
  }

  // ---- the card of a part: shown while it is pointed at, kept when it is clicked

  const card = byId("card");
  let kept = null;

  function fillCard(row) {
    const part = parts[row];
    const source = part.source === null ? "none" : part.source === row ? "its own" : parts[part.source].name;
    const facts = [
      ["category", part.category || "–"],
      ["cluster", part.cluster < 0 ? "none" : part.cluster + (part.representative ? ", its representative" : "")],
      ["strength", part.strength.toFixed(3)],
      ["diameter", `${part.diameter_mm.toFixed(1)} mm`],
      ["network", source],
    ];
    const list = make("dl");
    for (const [name, value] of facts) list.append(make("dt", {}, name), make("dd", {}, String(value)));
    const nearest = part.nearest.map(([other, distance]) =>
      make("li", {}, partLink(other), make("small", {}, ` ${distance.toFixed(3)}`)));
    card.replaceChildren(thumbnail(row, true), make("h3", {}, part.name), list);
    if (nearest.length) card.append(make("ul", { className: "nearest" }, make("small", {}, "nearest in shape"), ...nearest));
    if (kept !== null) card.append(make("button", { className: "close", type: "button", title: "close", onclick: close }, "✕"));
  }

  function partLink(row) {
    const link = make("a", { className: "member", href: "#" }, parts[row].name);
    link.dataset.part = row;
    return link;
  }

  function place(anchor) {
    card.hidden = false;
    const { width, height } = card.getBoundingClientRect();
    const right = anchor.right + 14 + width < innerWidth;
    card.style.left = `${Math.max(8, right ? anchor.right + 14 : anchor.left - 14 - width)}px`;
    card.style.top = `${Math.max(8, Math.min(anchor.top - 20, innerHeight - height - 8))}px`;
  }

  function mark(row) {
    for (const shown of all(".now")) shown.classList.remove("now");
    if (row !== null) for (const same of all(`[data-part="${row}"]`)) same.classList.add("now");
  }

  function show(row, anchor) {
    fillCard(row);
    place(anchor);
    mark(row);
  }

  function keep(row, anchor) {
    kept = row;
    show(row, anchor);
    history.replaceState(null, "", `#part=${encodeURIComponent(parts[row].name)}`);
  }

  function close() {
    kept = null;
    card.hidden = true;
    mark(null);
    if (location.hash.startsWith("#part=")) history.replaceState(null, "", location.pathname + location.search);
  }

  const partAt = (event) => event.target.closest?.("[data-part]");
  document.addEventListener("pointerover", (event) => {
    const target = partAt(event);
    if (target && kept === null) show(Number(target.dataset.part), target.getBoundingClientRect());
  });
  document.addEventListener("pointerout", (event) => {
    if (partAt(event) && kept === null) { card.hidden = true; mark(null); }
  });
  document.addEventListener("focusin", (event) => {
    const target = partAt(event);
    if (target && !card.contains(target)) show(Number(target.dataset.part), target.getBoundingClientRect());
  });
  document.addEventListener("focusout", (event) => {
    if (partAt(event) && kept === null) { card.hidden = true; mark(null); }
  });
  document.addEventListener("click", (event) => {
    const target = partAt(event);
    if (!target) return;
    event.preventDefault();
    const row = Number(target.dataset.part);
    keep(row, card.contains(target) ? card.getBoundingClientRect() : target.getBoundingClientRect());
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });

  // ---- walking on the map: one stop for Tab, the arrow keys go to the nearest part in their direction

  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const marks = all("#part-map .mark");
  const middle = (shape) => {
    const box = shape.getBBox();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  if (marks.length) marks[0].setAttribute("tabindex", "0");
  byId("part-map").addEventListener("keydown", (event) => {
    const from = event.target.closest(".mark");
    if (!from) return;
    if (event.key === "Enter") keep(Number(from.dataset.part), from.getBoundingClientRect());
    const way = arrows[event.key];
    if (!way) return;
    event.preventDefault();
    const [x, y] = middle(from);
    let best = null, least = Infinity;
    for (const other of marks) {
      const [dx, dy] = [middle(other)[0] - x, middle(other)[1] - y];
      const ahead = dx * way[0] + dy * way[1], aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
      if (other !== from && ahead > 0 && aside <= 2 * ahead && ahead + 2 * aside < least) {
        [best, least] = [other, ahead + 2 * aside];
      }
    }
    if (!best) return;
    from.setAttribute("tabindex", "-1");
    best.setAttribute("tabindex", "0");
    best.focus();
  });

  // ---- search: names and categories that hold every word

  const words = parts.map((part) => `${part.name} ${part.category}`.toLowerCase());
  const holders = all("[data-part]").map((holder) => [holder, Number(holder.dataset.part)]);
  const rows = all("#clusters tbody tr, #parts tbody tr").map((row) =>
    [row, [...new Set(all("[data-part]", row).map((holder) => Number(holder.dataset.part)))]]);
  const ownRows = new Set(all("#parts tbody tr"));

  function find(text) {
    const asked = text.toLowerCase().split(/\s+/).filter(Boolean);
    const hit = words.map((word) => asked.every((piece) => word.includes(piece)));
    for (const [holder, row] of holders) holder.classList.toggle("off", !hit[row]);
    for (const [row, members] of rows) {
      const first = Number(row.querySelector("[data-part]").dataset.part);
      row.classList.toggle("off", !(ownRows.has(row) ? hit[first] : members.some((member) => hit[member])));
    }
    byId("found").textContent = asked.length ? `${hit.filter(Boolean).length} of ${parts.length}` : "";
  }
  byId("find").addEventListener("input", (event) => find(event.target.value));

  // ---- tables that sort by a click on a heading

  function sort(heading) {
    const table = heading.closest("table");
    const column = [...heading.parentNode.children].indexOf(heading);
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of all("th", table)) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = [...table.tBodies[0].rows].map((row) => {
      const { dataset, textContent } = row.cells[column];
      return [dataset.key ?? textContent, row];
    });
    const missing = (key) => key === "" || key === "–";
    keyed.sort(([a], [b]) => {
      if (missing(a) || missing(b)) return missing(a) - missing(b);
      const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
      return down ? -order : order;
    });
    table.tBodies[0].append(...keyed.map(([, row]) => row));
  }
  for (const heading of all(".sortable th")) {
    heading.firstElementChild.addEventListener("click", () => sort(heading));
    const column = [...heading.parentNode.children].indexOf(heading);
    const cells = [...heading.closest("table").tBodies[0].rows].map((row) => row.cells[column]);
    heading.classList.toggle("number", cells.some((cell) => cell.classList.contains("number")));
  }

  // ---- the distance matrix

  // viridis at five places, from like to unlike
  const stops = [[253, 231, 37], [94, 201, 98], [33, 145, 140], [59, 82, 139], [68, 1, 84]];
  function shade(share) {
    const at = Math.min(share, 1) * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2);
    return stops[low].map((value, channel) => Math.round(value + (at - low) * (stops[low + 1][channel] - value)));
  }

  function drawMatrix({ order, most, values }) {
    const bytes = Uint8Array.from(atob(values), (character) => character.charCodeAt(0));
    const shares = new DataView(bytes.buffer);
    const count = order.length;
    const shareOf = (i, j) => {
      if (i === j) return 0;
      const [low, high] = i < j ? [i, j] : [j, i];
      return shares.getUint16(2 * (count * low - (low * (low + 1)) / 2 + high - low - 1), true) / 65535;
    };
    const canvas = byId("matrix");
    const cell = Math.max(1, Math.floor(720 / count)), edge = Math.max(8, Math.round((cell * count) / 60));
    canvas.width = canvas.height = cell * count + edge;
    const cells = make("canvas", { width: count, height: count });
    const image = new ImageData(count, count);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) image.data.set([...shade(shareOf(i, j)), 255], 4 * (i * count + j));
    }
    cells.getContext("2d").putImageData(image, 0, 0);
    const colours = new Map(marks.map((shape) => [Number(shape.dataset.part), shape]));
    let now = null;

    function draw() {
      const pen = canvas.getContext("2d");
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.imageSmoothingEnabled = false;
      pen.drawImage(cells, edge, edge, cell * count, cell * count);
      order.forEach((row, place) => {
        pen.fillStyle = getComputedStyle(colours.get(row)).fill;
        pen.fillRect(edge + place * cell, 0, cell, edge - 2);
        pen.fillRect(0, edge + place * cell, edge - 2, cell);
      });
      if (now === null) return;
      pen.strokeStyle = "#fff";
      pen.lineWidth = Math.max(1, cell / 6);
      pen.strokeRect(edge + now[1] * cell, edge + now[0] * cell, cell, cell);
      pen.strokeRect(edge, edge + now[0] * cell, cell * count, cell);
      pen.strokeRect(edge + now[1] * cell, edge, cell, cell * count);
    }

    function point(i, j) {
      now = [i, j];
      draw();
      const lines = [...new Set([order[i], order[j]])].map((row) => make("div", {}, thumbnail(row), partLink(row)));
      byId("pair").replaceChildren(...lines, make("strong", {}, `distance ${(shareOf(i, j) * most).toFixed(3)}`));
    }

    const within = (index) => Math.max(0, Math.min(count - 1, index));
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      const [i, j] = [event.clientY - box.top, event.clientX - box.left].map((at) =>
        Math.floor(((at / box.width) * canvas.width - edge) / cell));
      if (Math.min(i, j) >= 0 && Math.max(i, j) < count) point(i, j);
    });
    canvas.addEventListener("keydown", (event) => {
      const way = arrows[event.key];
      if (!way) return;
      event.preventDefault();
      const [i, j] = now ?? [0, 0];
      point(within(i + way[1]), within(j + way[0]));
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    draw();

    const scale = byId("scale");
    [scale.width, scale.height] = [256, 1];
    for (let level = 0; level < 256; level++) {
      const pen = scale.getContext("2d");
      pen.fillStyle = `rgb(${shade(level / 255).join()})`;
      pen.fillRect(level, 0, 1, 1);
    }
    byId("most").textContent = most.toFixed(2);
  }

  // ---- what the address asks for: #part=NAME opens a card, #find=TEXT searches

  function followAddress() {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (asked.has("find")) { byId("find").value = asked.get("find"); find(asked.get("find")); }
    const row = rowOf.get(asked.get("part"));
    const shape = marks.find((other) => Number(other.dataset.part) === row);
    if (!shape) return;
    byId("part-map").scrollIntoView({ block: "center" });
    keep(row, shape.getBoundingClientRect());
  }

  try {
    for (const box of all("[data-thumb]")) fillThumbnail(box, Number(box.dataset.thumb), false);
    if (data.matrix) drawMatrix(data.matrix);
    followAddress();
    addEventListener("hashchange", followAddress);
    document.body.dataset.ready = "yes";
  } catch (error) {
    fail(String(error));
  }
})();
