"""The `webmon` command from outside: what it prints, and how it fails."""

import json
import socket
import sqlite3
import subprocess
from contextlib import closing

import pytest

from tests.test_first_light import web_server


@pytest.fixture
def configured(webmon, tmp_path):
    """The same, with one host whose services look at a port that is given."""

    def apply(*services: str):
        file = tmp_path / "hosts.yaml"
        lines = "".join(f"\n      - {service}" for service in services)
        file.write_text(
            "namespaces: [{slug: main, name: Main}]\n"
            "hosts:\n  - name: Tool\n    namespace: main\n    address: 127.0.0.1\n"
            f"    services:{lines}\n"
        )
        done = webmon("apply", str(file))
        assert done.returncode == 0, done.stderr
        return webmon

    return apply


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The only line of standard error."""
    [line] = done.stderr.splitlines()
    assert done.returncode != 0
    return line


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("check",),
        ("apply", "--nonsense", "x"),
        ("user", "add", "anna@example.org", "--role", "king"),
    ],
)
def test_a_wrong_call_is_one_line(webmon, arguments):
    done = webmon(*arguments)
    assert one_line(done).startswith("webmon: ")
    assert done.returncode == 2


def test_a_wrong_key_stops_the_start(webmon):
    for command in ("up", "worker", "web"):
        done = webmon(command, WEBMON_SECRET_KEY="abc")
        assert one_line(done).startswith("webmon: WEBMON_SECRET_KEY: must be Fernet keys")


def test_a_database_that_was_never_set_up_is_said_with_what_to_do(webmon):
    for command in ("status", "worker", "web"):
        assert "run webmon migrate" in one_line(webmon(command))
    done = webmon("check", "Tool")
    assert "run webmon migrate" in one_line(done)
    assert done.returncode == 3


def test_a_newer_database_is_one_line(webmon, tmp_path):
    webmon("migrate")
    with closing(sqlite3.connect(tmp_path / "data" / "webmon.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    for command in ("migrate", "worker"):
        said = one_line(webmon(command))
        assert said.startswith("webmon: the database is newer than this program (9999 instead of")


COMMANDS = ["up", "web", "worker", "migrate", "apply", "export", "check", "status", "user", "build"]
COMMANDS += ["backup", "verify", "restore"]


def test_every_command_has_help(webmon):
    shown = webmon("--help").stdout
    assert all(command in shown for command in COMMANDS)
    assert "--dry-run" in webmon("apply", "--help").stdout


def test_a_wrong_setting_is_one_line_that_names_it(webmon):
    done = webmon("up", WEBMON_PORT="eighty")
    assert one_line(done).startswith("webmon: WEBMON_PORT: ")
    assert done.returncode == 2


def test_a_proxy_that_cannot_be_used_is_one_line_that_names_its_variable(webmon):
    assert webmon("migrate").returncode == 0
    for command, status in (["up"], 2), (["worker"], 2), (["check", "Tool"], 3):
        done = webmon(*command, HTTPS_PROXY="socks5://me:s3cret@127.0.0.1:1")
        assert one_line(done).startswith("webmon: HTTPS_PROXY: must begin with http://")
        assert "s3cret" not in done.stderr
        assert done.returncode == status


def test_a_port_that_is_taken_is_one_line(webmon):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        assert f"port {port} on 127.0.0.1 is taken" in one_line(webmon("up", WEBMON_PORT=port))


def test_a_data_directory_that_cannot_be_used_is_one_line(webmon, tmp_path):
    (tmp_path / "file").write_text("")
    folder = str(tmp_path / "file" / "data")
    line = one_line(webmon("migrate", WEBMON_DATA_DIR=folder))
    assert line == f"webmon: WEBMON_DATA_DIR: the folder {folder} cannot be used: Not a directory"


def test_a_database_that_does_not_answer_is_one_line(webmon):
    url = "postgresql://nobody@127.0.0.1:1/none"
    assert "the database cannot be used: " in one_line(webmon("migrate", WEBMON_DATABASE_URL=url))


def test_a_dry_run_changes_nothing(webmon, tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("namespaces: [{slug: main, name: Main}]\n")
    assert "+ namespace main" in webmon("apply", str(file), "--dry-run").stdout
    assert "+ namespace main" in webmon("apply", str(file)).stdout
    assert webmon("apply", str(file)).stdout == "nothing to change\n"


def test_what_is_exported_is_what_was_applied(webmon, tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(
        "namespaces: [{slug: main, name: Main}]\n"
        "channels: [{name: ops, kind: slack, config: {webhook_url: 'https://a.example/s3cret'}}]\n"
    )
    assert webmon("apply", str(file)).returncode == 0
    assert "s3cret" in webmon("export", "--with-secrets").stdout
    exported = webmon("export")
    assert (exported.returncode, "s3cret" in exported.stdout) == (0, False)
    file.write_text(exported.stdout)
    assert webmon("apply", str(file), "--prune").stdout == "nothing to change\n"


def test_nothing_from_a_file_moves_the_terminal(webmon, tmp_path):
    file = tmp_path / "hostile.yaml"
    file.write_text('hosts: [{name: A, namespace: "\\e]0;x\\a\\e[2J"}]\n')
    refused = webmon("apply", str(file))
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
    assert "\\x1b]0;x\\x07" in refused.stderr
    rows = tmp_path / "rows.csv"
    rows.write_text("Friendly Name,URL,Type\n\x1b[2Ja,x,HTTP\n")
    told = webmon("import", "uptimerobot", str(rows), "--dry-run").stdout
    assert "left out" in told and "\x1b" not in told


def test_a_mistake_in_the_file_is_one_line_with_its_place(webmon, tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("namespaces:\n  - {slug: main, nam: Main}\n")
    done = webmon("apply", str(file))
    assert one_line(done).startswith(f"{file}:2: namespaces[0].nam: is not known here")
    assert done.returncode == 2


@pytest.mark.parametrize(("answered", "status", "word"), [(200, 0, "up"), (500, 2, "down")])
def test_check_looks_now_and_says_what_it_found(configured, answered, status, word):
    with web_server(answered) as port:
        webmon = configured(
            f"{{name: Website, kind: http, config: {{url: 'http://127.0.0.1:{port}/'}}}}"
        )
        done = webmon("check", "Tool")
    assert done.returncode == status, done.stderr
    assert f"Tool / Website: {word}" in done.stdout
    assert str(answered) in done.stdout


def test_check_of_a_slow_page_exits_with_1(configured):
    with web_server(200, delay=0.1) as port:
        webmon = configured(
            "{name: Website, kind: http, degraded_above: 50ms,"
            f" config: {{url: 'http://127.0.0.1:{port}/'}}}}"
        )
        done = webmon("check", "Tool", "Website")
    assert (done.returncode, "slow" in done.stdout) == (1, True)


def test_check_of_what_is_not_there_is_one_line(configured):
    webmon = configured("{name: Port, kind: tcp, config: {port: 1}}")
    done = webmon("check", "Nothing")
    assert one_line(done) == "webmon: there is no host Nothing"
    assert done.returncode == 3, "neither up nor difficulties nor down"
    assert one_line(webmon("check", "Tool", "No")) == "webmon: Tool has no service No"


def test_status_is_what_the_public_page_shows(configured):
    webmon = configured("{name: Port, kind: tcp, config: {port: 1}}")
    assert "not checked yet" in webmon("status").stdout
    shown = json.loads(webmon("status", "--json").stdout)
    assert shown["hosts"][0]["services"] == [
        {"name": "Port", "status": "unknown", "planned_downtime": False}
    ]
    assert "no" in one_line(webmon("status", "--namespace", "nowhere"))


def test_people_are_added_with_a_password_from_standard_input(webmon):
    add = ("user", "add", "anna@example.org", "--role", "editor", "--password-stdin")
    assert (
        "anna@example.org may sign in as editor" in webmon(*add, text="long enough for us\n").stdout
    )
    assert "already" in one_line(webmon(*add, text="long enough for us\n"))
    assert "password" in one_line(webmon(*add, text="short\n"))


def test_people_are_invited_listed_shut_out_and_given_new_passwords(webmon):
    invited = webmon("user", "invite", "ida@example.org", "--role", "viewer").stdout
    assert "http://localhost:8000/invite/?token=" in invited
    assert webmon("user", "list").stdout == (
        "ida@example.org: viewer, all namespaces, invited, never signed in\n"
    )
    assert "signed out" in webmon("user", "disable", "ida@example.org").stdout
    assert "deactivated" in webmon("user", "list").stdout
    assert "reactivate" in one_line(webmon("user", "reset-password", "ida@example.org"))
    assert "may sign in again" in webmon("user", "enable", "ida@example.org").stdout
    reset = ("user", "reset-password", "ida@example.org")
    assert "/invite/?token=" in webmon(*reset).stdout
    assert "new password" in webmon(*reset, "--password-stdin", text="long enough for us\n").stdout
    assert one_line(webmon("user", "disable", "no@example.org")) == (
        "webmon: there is no user no@example.org"
    )
    add = ("user", "add", "anna@example.org", "--role", "admin", "--password-stdin")
    assert webmon(*add, text="long enough for us\n").returncode == 0
    assert "last active admin" in one_line(webmon("user", "delete", "anna@example.org"))
    assert "is deleted" in webmon("user", "delete", "ida@example.org").stdout


def test_without_a_terminal_the_password_is_not_asked_for(webmon):
    done = webmon("user", "add", "anna@example.org", "--role", "editor")
    line = "webmon: password: there is no terminal to ask for it: use --password-stdin"
    assert one_line(done) == line


def test_evidence_of_several_lines_stays_in_its_column(configured):
    with web_server(500, body=b"first\nsecond") as port:
        webmon = configured(
            f"{{name: Website, kind: http, config: {{url: 'http://127.0.0.1:{port}/'}}}}"
        )
        done = webmon("check", "Tool")
    assert f"    body         first\n{' ' * 17}second" in done.stdout


def test_a_key_is_shown_once_replaced_and_taken_back(webmon):
    webmon("migrate")
    key = webmon("apikey", "add", "grafana", "--scope", "read", "--expires", "90d").stdout.strip()
    assert key.startswith("wm_")
    assert "name" in one_line(webmon("apikey", "add", "grafana", "--scope", "read"))
    assert webmon("apikey", "rotate", "grafana", "--overlap", "1h").stdout.strip() != key
    listed = webmon("apikey", "list").stdout
    assert listed.count("grafana: wm_") == 2 and key not in listed
    assert "2 keys revoked" in webmon("apikey", "revoke", "grafana").stdout
    assert "no active key" in one_line(webmon("apikey", "revoke", "grafana"))
    assert "expires" in one_line(webmon("apikey", "add", "x", "--scope", "read", "--expires", "x"))


def test_downtime_is_planned_and_finished_from_the_shell(webmon, tmp_path):
    file = tmp_path / "site.yaml"
    file.write_text(
        "namespaces: [{slug: iati, name: IATI}]\n"
        "hosts: [{name: Datastore, namespace: iati, address: 127.0.0.1}]\n"
    )
    webmon("migrate")
    webmon("apply", str(file))
    scope = ("--namespace", "iati", "--host", "Datastore")
    now = webmon("downtime", "add", "Upgrade", *scope, "--starts-at", "now", "--duration", "1h")
    assert now.stdout == "downtime 1 is planned: Upgrade\n"
    later = ("--starts-at", "2030-12-01T22:00", "--duration", "45m", "--timezone", "Europe/London")
    webmon("downtime", "add", "Move", *scope, *later, "--announce-before", "1h")
    listed = webmon("downtime", "list").stdout.splitlines()
    assert listed[0].startswith("1: started, ")
    assert listed[1] == (
        "2: scheduled, 2030-12-01 22:00 to 2030-12-01 22:45 UTC: Move (iati: Datastore)"
    )
    assert webmon("downtime", "extend", "1", "--by", "30m").stdout.startswith("Upgrade now ends")
    assert webmon("downtime", "finish", "Upgrade").stdout == "Upgrade is finished\n"
    assert webmon("downtime", "cancel", "Move").stdout == "Move is cancelled\n"
    assert webmon("downtime", "list").stdout == ""
    wrong = webmon("downtime", "add", "X", *scope, "--starts-at", "soon", "--duration", "1h")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("webmon: --starts-at: must be a date and a time")


def test_moving_here_is_tried_first(webmon, tmp_path):
    webmon("migrate")
    file = tmp_path / "checks.json"
    file.write_text('{"checks": [{"name": "Nightly", "timeout": 3600, "grace": 60}]}')
    tried = webmon("import", "healthchecks", str(file), "--dry-run").stdout
    assert "~ Nightly (check) → Jobs / Nightly" in tried and "nothing was changed" in tried
    assert webmon("import", "healthchecks", str(file)).stdout in tried
    assert "1 here already" in webmon("import", "healthchecks", str(file)).stdout
    assert "source" in one_line(webmon("import", "nagios", str(file)))
