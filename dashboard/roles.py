"""Who may do what: roles, each a set of permissions; nothing here knows of HTTP."""

from enum import StrEnum


class Permission(StrEnum):
    """One thing that a person or a program may do; every path of the dashboard needs one."""

    WATCH = "watch"
    """See the wall's pages and their live stream; all that a screen in a corridor may do."""
    VIEW = "view"
    ACKNOWLEDGE = "acknowledge"
    SHELVE = "shelve"
    REPORT = "report"
    """Report a fault for the maintenance log."""
    REPAIR = "repair"
    """Accept a maintenance entry, write what was done, verify it."""
    RECORD_FOOD = "record-food"
    """Fill in and sign the canteen's sheets, keep and destroy food samples."""
    PLACE = "place"
    """Give found devices a room and a name, and take them back."""
    HAND_OVER = "hand-over"
    """Write and sign the handover of a guard's shift."""
    ADMINISTER = "administer"


class Role(StrEnum):
    """wall < viewer < guard, canteen, maintainer < admin."""

    WALL = "wall"
    """A screen by a link of its own; no person."""
    VIEWER = "viewer"
    GUARD = "guard"
    CANTEEN = "canteen"
    MAINTAINER = "maintainer"
    ADMIN = "admin"

    @property
    def permissions(self) -> frozenset[Permission]:
        return _PERMISSIONS[self]

    def may(self, permission: Permission) -> bool:
        return permission in _PERMISSIONS[self]

    def may_acknowledge(self, area: str) -> bool:
        """Whether alerts of the plan's `area` are this role's to answer; the canteen's are food."""
        if not self.may(Permission.ACKNOWLEDGE):
            return False
        return self is not Role.CANTEEN or area == "food"


PEOPLE = tuple(role for role in Role if role is not Role.WALL)
"""Roles that a person can have."""

_LOOK = frozenset({Permission.WATCH, Permission.VIEW})
_DUTY = _LOOK | {Permission.ACKNOWLEDGE, Permission.REPORT}
_PERMISSIONS = {
    Role.WALL: frozenset({Permission.WATCH}),
    Role.VIEWER: _LOOK,
    Role.GUARD: _DUTY | {Permission.HAND_OVER},
    Role.CANTEEN: _DUTY | {Permission.RECORD_FOOD},
    Role.MAINTAINER: _DUTY | {Permission.SHELVE, Permission.REPAIR, Permission.PLACE},
    Role.ADMIN: frozenset(Permission),
}
