"""No command forgets the activity, and nothing else writes it."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import FunctionType

import webmon.commands
from webmon.config import ROOT

WITHOUT = {
    "accounts.activity": {"write_entry", "write_entries", "forget_activity"},
    "accounts.admins": {"lock_admins", "require_an_admin"},
    "accounts.api_keys": {"note_use"},
    "accounts.attempts": {"refuse_blocked", "count_attempt", "take_back", "use_once"},
    "accounts.confirmations": {"confirm"},
    "accounts.letters": {"claim_letters", "write_letter", "note_sent", "count_request", "post"},
    "accounts.own_address": {"address_asked", "confirm_address"},  # by its `_move`
    "accounts.logins": {"note_used", "enter", "new_login"},
    "accounts.password_links": {"link_owner", "link_user", "send_link"},
    "accounts.pending": {"pending_login"},
    "accounts.second_factor": {"remove_factor", "use_code"},
    "accounts.snapshots": {"snapshot"},
    "accounts.users": {
        *("store_password", "end_sessions", "end_links", "find_user", "id_of", "namespaces_of"),
        "require_free",
        *("new_setup_token", "setup_token_fits", "create_first_admin"),
    },
    "downtimes.lock": {"lock_occurrence"},
    "downtimes.plan": {"new_downtime"},
    "downtimes.running": {"start_now"},
    "installation.outside_apps": {"save_slack_app", "forget_slack_app", "save_provider"},  # `_note`
    "inventory.additions": {"add_hosts", "add_services"},  # by `write_entries`
    "former.put_back": {"put_back"},
    "inventory.hosts": {"unsaved_host"},
    "inventory.services": {"unsaved_service"},
    "inventory.bulk_changes": {"change_services", "change_hosts", "undo"},  # by their `_note`
    "inventory.copying": {"copy_host"},
    "inventory.logins": {"create_with_login", "update_with_login"},
    "inventory.trials": {"try_service"},
    "inventory.undoing": {"delete_for_now", "forget_deleted"},  # by who deletes
    "inventory.watch_site": {"watch_site"},
    "moving.move": {"move_here"},
    "resources.changes": {"create", "change", "delete"},
    "slack.changes": {
        *("take", "take_all", "mute", "mute_all", "propose", "plan", "lengthen", "end"),
    },
    "trials": {"ask"},
}
"""What needs no entry: it reads, is a part of commands, or calls those that are noted."""


def commands() -> Iterator[tuple[str, str, FunctionType]]:
    """Every public function of the commands that is given a session: module, name, itself."""
    for found in pkgutil.walk_packages(webmon.commands.__path__, "webmon.commands."):
        module = importlib.import_module(found.name)
        for name, each in vars(module).items():
            own = inspect.isfunction(each) and each.__module__ == found.name
            if own and not name.startswith("_") and "session" in inspect.signature(each).parameters:
                yield found.name, name, each


def is_asked_for(module: str, command: FunctionType) -> bool:
    """Whether somebody asks for it: it is about accounts, or is told who wants it, and when."""
    return module.startswith("accounts.") or (
        {"actor", "now"} <= set(inspect.signature(command).parameters)
    )


def test_every_command_that_somebody_asks_for_is_noted() -> None:
    forgotten, noted = [], 0
    for path, name, command in commands():
        module = path.removeprefix("webmon.commands.")
        if hasattr(command, "noted") or "write_entry(" in inspect.getsource(command):
            noted += 1
        elif is_asked_for(module, command) and name not in WITHOUT.get(module, ()):
            forgotten.append(f"{module}.{name}")
    assert forgotten == [], "give it `noted`, or say in `WITHOUT` that it needs none"
    assert noted >= 40


def test_nothing_but_the_activity_writes_the_activity() -> None:
    writers = set()
    for path in (ROOT / "webmon").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node).startswith(
                ("Activity(", "delete(table(Activity", "update(table(Activity", "insert(table(Act")
            ):
                writers.add(str(path.relative_to(ROOT)))
    assert writers == {"webmon/commands/accounts/activity.py"}
