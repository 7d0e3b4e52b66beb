"""Rows that Koko itself makes in production: sessions and the demo team, for development."""

import secrets

from koko_integrations.clock import DAY_MS, Clock
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.koko import Comment, Project, ProjectMember, Session, Team, TeamMember, User, Video

SESSION_LIFETIME_MS = 7 * DAY_MS
DEMO_TEAM = "team_demo"
DEMO_ADMIN = "user_admin"
DEMO_MEMBER = "user_member"
DEMO_PROJECT = "proj_demo"
DEMO_VIDEO = "video_demo"

_FIND_USER = Statement(User.select(User.id).where(User.id == param("id")))
_FIND_TEAM = Statement(Team.select(Team.id).where(Team.id == param("id")))
_ADD_SESSION = Statement(
    Session.insert(
        {
            Session.id: param("id"),
            Session.token: param("token"),
            Session.user_id: param("user_id"),
            Session.expires_at: param("expires_at"),
        }
    )
)


class UnknownUserError(Exception):
    """There is no such user."""


async def start_session(database: Database, clock: Clock, user_id: str) -> str:
    """The token of a new session, good for seven days. Raises UnknownUserError."""
    token = secrets.token_urlsafe(24)

    def add(tx: Transaction) -> None:
        if tx.row(_FIND_USER, id=user_id) is None:
            raise UnknownUserError(user_id)
        tx.change(
            _ADD_SESSION,
            id=secrets.token_urlsafe(12),
            token=token,
            user_id=user_id,
            expires_at=clock.now_ms() + SESSION_LIFETIME_MS,
        )

    await database.write(add)
    return token


async def ensure_demo_data(database: Database, clock: Clock) -> bool:
    """Makes the demo team once. Returns whether it was made now."""
    now = clock.now_ms()
    people = ((DEMO_ADMIN, "Ada Admin", "owner", "owner"), (DEMO_MEMBER, "Max Member", "member", "reviewer"))

    def add(tx: Transaction) -> bool:
        if tx.row(_FIND_TEAM, id=DEMO_TEAM) is not None:
            return False
        for user_id, name, _, _ in people:
            email = f"{user_id.removeprefix('user_')}@demo.koko.example"
            tx.change(Statement(User.insert({User.id: user_id, User.name: name, User.email: email})))
        team = {Team.id: DEMO_TEAM, Team.name: "Demo Team", Team.slug: "demo", Team.owner_id: DEMO_ADMIN}
        tx.change(Statement(Team.insert(team)))
        project = {
            Project.id: DEMO_PROJECT,
            Project.name: "Demo Project",
            Project.owner_id: DEMO_ADMIN,
            Project.status: "active",
        }
        tx.change(Statement(Project.insert(project)))
        for user_id, _, team_role, project_role in people:
            membership = {
                TeamMember.id: f"member_{user_id}",
                TeamMember.team_id: DEMO_TEAM,
                TeamMember.user_id: user_id,
                TeamMember.role: team_role,
                TeamMember.joined_at: now,
            }
            tx.change(Statement(TeamMember.insert(membership)))
            on_project = {
                ProjectMember.project_id: DEMO_PROJECT,
                ProjectMember.user_id: user_id,
                ProjectMember.role: project_role,
                ProjectMember.can_upload: int(project_role == "owner"),
            }
            tx.change(Statement(ProjectMember.insert(on_project)))
        _add_video(tx, now)
        return True

    return await database.write(add)


def _add_video(tx: Transaction, now: int) -> None:
    """One video with feedback on it: what a first sync has to push."""
    video = {
        Video.id: DEMO_VIDEO,
        Video.project_id: DEMO_PROJECT,
        Video.title: "Trailer v3",
        Video.status: "ready",
        Video.duration: 95_000,
        Video.fps: 25.0,
        Video.updated_at: now,
    }
    tx.change(Statement(Video.insert(video)))
    feedback = (
        ("comment_demo_1", "The logo comes too early", 4_200, None),
        ("comment_demo_2", "Agreed, two seconds later", None, "comment_demo_1"),
        ("comment_demo_3", "Brighter, please", 62_500, None),
    )
    for number, (comment_id, text, timecode, parent_id) in enumerate(feedback):
        comment = {
            Comment.id: comment_id,
            Comment.video_id: DEMO_VIDEO,
            Comment.author_id: DEMO_MEMBER,
            Comment.text: text,
            Comment.timecode: timecode,
            Comment.parent_id: parent_id,
            Comment.resolved: 0,
            Comment.created_at: now + number,
            Comment.updated_at: now + number,
        }
        tx.change(Statement(Comment.insert(comment)))
