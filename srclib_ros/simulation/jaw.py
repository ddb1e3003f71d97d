"""A parallel jaw as MuJoCo bodies: two coupled fingers with their pads, and the palm.

Settings as measured against known answers and against a second engine: pads of 3 x 3 spheres (one box holds torsion too
well), which alone decide the friction; a constant force with the damping that makes the fingers close at a constant
speed; the discrete integrator, with which contacts of so light a finger do not chatter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from srclib_ros.grasping.jaw import Jaw
from srclib_ros.types import Matrix

STEP_S = 0.002
CLOSING_M_S = 0.1
FINGER_KG = 0.05
PAD_SPHERE_M = 0.002
PAD_TORSION_M = 0.003  # of each sphere: its patch resists turning about the normal
RECESS_M = 0.0005  # of the finger behind its pad
SOLIMP = (0.99, 0.999, 0.0005, 0.5, 2.0)
HAND_BIT = 2  # of contype; what fingers and palm may touch has it in its conaffinity
FINGERS = ("finger0", "finger1")  # at -y and at +y; their joints are slide0 and slide1


def set_options(mujoco: Any, spec: Any, step_s: float = STEP_S) -> None:
    """How a model is stepped in which a jaw holds something."""
    spec.option.timestep = step_s
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_DISCRETE
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0


def contact_of(step_s: float = STEP_S) -> dict[str, Any]:
    """How stiff contacts of and in a jaw are."""
    return {"solref": (2.0 * step_s, 1.0), "solimp": SOLIMP}


def add_jaw(mujoco: Any, spec: Any, body: Any, gripper: Jaw, step_s: float = STEP_S) -> None:
    """Give `body` of `spec`, whose frame is the TCP's, the palm and the fingers, each with a joint and a motor."""
    contact = contact_of(step_s) | {"contype": HAND_BIT, "conaffinity": 0, "priority": 1}
    boxes = gripper.boxes_tcp(0.0)
    joints = []
    for number, side in enumerate((-1.0, 1.0)):
        finger = body.add_body(name=FINGERS[number], gravcomp=1.0, explicitinertial=True)
        finger.mass, finger.inertia = FINGER_KG, np.full(3, 1e-4)
        joint = finger.add_joint(
            name=f"slide{number}",
            type=mujoco.mjtJoint.mjJNT_SLIDE,
            axis=(0.0, side, 0.0),
            damping=gripper.force_n / CLOSING_M_S,
            range=(0.0, gripper.stroke_m / 2.0),
            limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        )
        low, high = boxes[number]
        finger.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=(high - low) / 2.0,
            pos=(low + high) / 2.0 + (0.0, side * RECESS_M, 0.0),
            friction=(gripper.friction, 0.0, 0.0),
            condim=3,
            **contact,
        )
        for place in pad_spheres(gripper, side):
            finger.add_geom(
                type=mujoco.mjtGeom.mjGEOM_SPHERE,
                size=(PAD_SPHERE_M, 0.0, 0.0),
                pos=place,
                friction=(gripper.friction, gripper.friction * PAD_TORSION_M, 0.0),
                condim=4,
                **contact,
            )
        motor = spec.add_actuator(name=f"motor{number}", trntype=mujoco.mjtTrn.mjTRN_JOINT, target=joint.name)
        motor.gainprm[0] = 1.0
        joints.append(joint.name)
    spec.add_equality(
        type=mujoco.mjtEq.mjEQ_JOINT, objtype=mujoco.mjtObj.mjOBJ_JOINT, name1=joints[0], name2=joints[1],
        data=(0.0, 1.0, *[0.0] * 10), **contact_of(step_s),
    )  # fmt: skip
    low, high = boxes[2]
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX, size=(high - low) / 2.0, pos=(low + high) / 2.0,
        friction=(gripper.friction, 0.0, 0.0), condim=3, **contact,
    )  # fmt: skip


def pad_spheres(gripper: Jaw, side: float) -> Matrix:
    """(9, 3) centres, TCP frame, of the spheres whose outermost points are the pad of the finger at `side` (-1, 1) of a
    closed gripper."""
    x, z = (
        (length / 2.0 - PAD_SPHERE_M) * np.array([-1.0, 0.0, 1.0])
        for length in (gripper.finger_width_m, gripper.pad_height_m)
    )
    xs, zs = np.meshgrid(x, z - gripper.pad_height_m / 2.0)
    return np.stack([xs.ravel(), np.full(9, side * PAD_SPHERE_M), zs.ravel()], axis=1)
