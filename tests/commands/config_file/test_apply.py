"""`webmon apply`: the configuration follows the file, and the file's mistakes are found by line."""

from pathlib import Path

import pytest
from sqlmodel import Session, select

from tests.clock import NOW
from webmon import crypto
from webmon.commands.config_file.apply import apply_file
from webmon.errors import FileError
from webmon.models import Channel, Daily, Host, Incident, Namespace, Service, ServiceState

FIRST = """\
namespaces:
  - {slug: iati, name: IATI, timezone: Europe/London}
hosts:
  - name: Datastore
    namespace: iati
    address: datastore.example.org
    services:
      - {name: Website, kind: http, interval: 30s, timeout: 5s, degraded_above: 2s,
         config: {url: "https://datastore.example.org/", expect_html: true}}
      - {name: Port, kind: tcp, config: {port: 443}}
"""


SPACED = """\
namespaces:
  - {slug: " iati", name: IATI}
channels:
  - {name: " hook ", namespace: "iati ", kind: webhook, config: {url: "https://a.example/"}}
hosts:
  - name: "Datastore "
    namespace: " iati"
    address: datastore.example.org
    services:
      - {name: " Port", kind: tcp, config: {port: 443}}
"""


ALIASES = "hosts:\n - &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f" - &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)


@pytest.fixture
def apply(session: Session, tmp_path: Path):
    def run(text: str, *, prune: bool = False) -> list[str]:
        file = tmp_path / "first.yaml"
        file.write_text(text)
        try:
            return apply_file(session, file, prune=prune, now=NOW).lines
        except FileError as error:
            session.rollback()
            return [str(error).removeprefix(f"{file}:")]

    return run


def test_a_file_makes_namespaces_hosts_and_services(apply, session):
    assert apply(FIRST) == [
        "+ namespace iati",
        "+ host Datastore (iati)",
        "+ service Datastore / Website",
        "+ service Datastore / Port",
    ]
    website = session.exec(select(Service).where(Service.name == "Website")).one()
    assert (website.interval_seconds, website.timeout_seconds) == (30, 5)
    assert website.degraded_above_ms == 2000
    assert session.get(ServiceState, website.id).next_check_at == NOW


def test_the_same_file_again_changes_nothing(apply, session):
    apply(FIRST)
    assert apply(FIRST) == []
    assert {service.revision for service in session.exec(select(Service))} == {1}


def test_spaces_around_a_name_make_no_other_name_of_it(apply):
    made = ["namespace iati", "channel hook", "host Datastore (iati)", "service Datastore / Port"]
    assert apply(SPACED, prune=True) == [f"+ {each}" for each in made]
    assert apply(SPACED, prune=True) == []
    twice = SPACED + '      - {name: "Port ", kind: tcp, config: {port: 80}}\n'
    assert apply(twice) == ["11: hosts[0].services[1]: Port is there twice"]


def test_what_differs_is_changed_and_named(apply):
    apply(FIRST)
    changed = FIRST.replace("30s", "1m").replace("port: 443", "port: 80").replace("IATI", "Aid")
    assert apply(changed) == [
        "~ namespace iati: name IATI → Aid",
        "~ service Datastore / Website: interval 30s → 1m",
        "~ service Datastore / Port: config.port 443 → 80",
    ]
    assert apply(changed) == []


def test_without_prune_what_the_file_leaves_out_stays(apply, session):
    apply(FIRST)
    shorter = FIRST[: FIRST.index("      - {name: Port")]
    assert apply(shorter) == []
    assert apply(shorter, prune=True) == ["- service Datastore / Port"]
    assert apply("", prune=True) == ["- host Datastore (iati)", "- namespace iati"]
    assert session.exec(select(Host)).all() == session.exec(select(Namespace)).all() == []


def test_what_was_something_else_keeps_its_history(apply, session):
    apply(FIRST)
    ids = [row.id for row in session.exec(select(Service).order_by(Service.id))]
    renamed = (
        FIRST.replace("slug: iati", "slug: aid, was: iati")
        .replace("namespace: iati", "namespace: aid")
        .replace("name: Datastore", "name: Store\n    was: Datastore")
        .replace("name: Port", "name: Door, was: Port")
    )
    assert renamed.count("was: ") == 3
    assert apply(renamed, prune=True) == [
        "~ namespace aid: slug iati → aid",
        "~ host Store (aid): name Datastore → Store",
        "~ service Store / Door: name Port → Door",
    ]
    assert [row.id for row in session.exec(select(Service).order_by(Service.id))] == ids
    assert apply(renamed, prune=True) == []
    twice = renamed.replace("name: Website", "name: Port")
    [refusal] = apply(twice)
    assert "Port is in the file as well, so this cannot be what it was" in refusal


def test_pruning_says_what_goes_for_ever(apply, session):
    apply(FIRST)
    website = session.exec(select(Service).where(Service.name == "Website")).one()
    today = int(NOW.timestamp()) // 86_400
    session.add(Daily(service_id=website.id, day=today - 213))
    session.add(Incident(service_id=website.id, opened_at=NOW))
    session.flush()
    lost = "history of 214 days, 1 incident"
    assert apply("", prune=True) == [f"- host Datastore (iati): {lost}", "- namespace iati"]


def test_a_secret_is_stored_encrypted_and_never_shown(apply, session, monkeypatch):
    monkeypatch.setenv("SITE_LOGIN", "ann:s3cret")
    text = FIRST.replace("expect_html: true", 'basic_auth: "${env:SITE_LOGIN}"')
    apply(text)
    website = session.exec(select(Service).where(Service.name == "Website")).one()
    assert "s3cret" not in str(website.config)
    assert crypto.unseal(website.config)["basic_auth"] == "ann:s3cret"
    monkeypatch.setenv("SITE_LOGIN", "ann:other")
    assert apply(text) == ["~ service Datastore / Website: config.basic_auth changed"]
    assert apply(text) == []


def test_a_file_can_be_filled_in(apply, session, tmp_path):
    (tmp_path / "name.txt").write_text("Store\n")
    apply(FIRST.replace("name: Datastore", 'name: "Data ${file:name.txt}"'))
    assert session.exec(select(Host)).one().name == "Data Store"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: tcp", "kind: carrier-pigeon", "10: hosts[0].services[1].kind: there is no kind"),
        ("port: 443", "port: 99999", "10: hosts[0].services[1].config.port: "),
        ("port: 443", "portt: 443", "10: hosts[0].services[1].config.portt: is not known here"),
        ("interval: 30s", "interval: 0s", "8: hosts[0].services[0].interval: must be between"),
        ("interval: 30s", "interval: soon", "8: hosts[0].services[0].interval: 'soon' is not"),
        ("https://", "gopher://", "9: hosts[0].services[0].config.url: "),
        ("name: Datastore", 'name: ""', "4: hosts[0].name: must not be empty"),
        ("namespace: iati", "namespace: di", "5: hosts[0].namespace: there is no namespace di"),
        ("Europe/London", "Mars/Base", "2: namespaces[0].timezone: "),
        ("slug: iati", "slug: I A", "2: namespaces[0].slug: "),
        ("address:", "adress:", "6: hosts[0].adress: is not known here"),
        ("hosts:", "hostz:", "3: hostz: is not known here"),
        ("{port: 443}", "{port: 443", "11: is not YAML: "),
        ("name: Port", "name: Website", "10: hosts[0].services[1]: Website is there twice"),
        ("name: Port,", "name: Port, name: Post,", "10: hosts[0].services[1].name: is given twice"),
        ("name: IATI", 'name: "${env:NOT_SET}"', "2: namespaces[0].name: the environment variable"),
        ("name: IATI", 'name: "${file:gone}"', "2: namespaces[0].name: the file gone cannot"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_nothing_is_changed(apply, session, old, new, message):
    [error] = apply(FIRST.replace(old, new))
    assert error.startswith(message), error
    assert session.exec(select(Namespace)).all() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # refused before it is asked
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1", "1: must be names with values"),
        ("\t", "1: is not YAML"),
        ("hosts: 5", "1: hosts: must be a list"),
        ("hosts: 2026-99-99", "1: hosts: '2026-99-99' is not a value of its kind"),
        ("hosts: !!int x", "1: hosts: 'x' is not a value of its kind"),
        ("hosts: !!python/object:os.system x", "1: hosts: 'x' is not a value of its kind"),
        ("hosts: &a [*a]", "1: hosts[0]: an alias refers to what it is part of"),
        (ALIASES, "2: hosts["),
        ("hosts:\n  - 5", "2: hosts[0]: must be names with values"),
        (
            "hosts:\n  - {name: a, namespace: b, services: 5}",
            "2: hosts[0].services: must be a list",
        ),
    ],
)
def test_a_file_of_another_shape_is_refused(apply, text, message):
    assert apply(text)[0].startswith(message)


def test_a_missing_file_is_one_line(session, tmp_path):
    with pytest.raises(FileError, match="cannot be read: No such file"):
        apply_file(session, tmp_path / "none.yaml", prune=False, now=NOW)


CHANNELS = """\
namespaces:
  - {slug: iati, name: IATI}
channels:
  - name: iati-x
    namespace: iati
    kind: twitter
    events: [down, up, reminder, downtime]
    reminder_every: 4h
    config: {consumer_key: "${env:X_KEY}", consumer_secret: b, access_token: c,
      access_token_secret: d, monthly_budget: 300}
  - {name: ops-slack, kind: slack, config: {webhook_url: "${env:SLACK_URL}"}}
"""


@pytest.fixture
def credentials(monkeypatch):
    monkeypatch.setenv("X_KEY", "s3cret")
    monkeypatch.setenv("SLACK_URL", "https://hooks.slack.com/services/s3cret")


def channel(session: Session, name: str) -> Channel:
    return session.exec(select(Channel).where(Channel.name == name)).one()


def test_a_file_makes_channels(apply, session, credentials):
    assert apply(CHANNELS) == ["+ namespace iati", "+ channel iati-x", "+ channel ops-slack"]
    x = channel(session, "iati-x")
    assert x.namespace_id == session.exec(select(Namespace)).one().id
    assert "s3cret" not in str(x.config)
    assert crypto.unseal(x.config)["consumer_key"] == "s3cret"
    assert channel(session, "ops-slack").events == ["down", "up", "reminder", "downtime"]
    assert apply(CHANNELS) == []


def test_what_differs_in_a_channel_is_changed_and_no_secret_is_shown(
    apply, session, credentials, monkeypatch
):
    apply(CHANNELS)
    monkeypatch.setenv("X_KEY", "others3cret")
    changed = CHANNELS.replace("4h", "1d").replace(
        "[down, up, reminder,", "[up, incident_update, down,"
    )
    changed = changed.replace("budget: 300", "budget: 200")
    changed = changed.replace("name: ops-slack,", "name: ops-slack, namespace: iati,")
    assert apply(changed) == [
        "~ channel iati-x: events [down, up, reminder, downtime] → "
        "[down, up, downtime, incident_update], reminder_every 4h → 1d, "
        "config.consumer_key changed, config.monthly_budget 300 → 200",
        "~ channel ops-slack: namespace (every) → iati",
    ]
    assert apply(changed) == []


def test_a_channel_with_another_name_stays_the_same_where_the_old_one_would_be_deleted(
    apply, session, credentials, monkeypatch
):
    apply(CHANNELS)
    told = channel(session, "ops-slack").id
    renamed = CHANNELS.replace("ops-slack", "slack")
    assert apply(renamed, prune=True) == ["~ channel ops-slack: name ops-slack → slack"]
    assert channel(session, "slack").id == told
    assert apply(CHANNELS) == ["+ channel ops-slack"], "both stay without prune"
    monkeypatch.setenv("SLACK_URL", "https://hooks.slack.com/services/other")
    other = renamed.replace("name: slack", "name: chat")
    assert apply(other, prune=True) == [
        "+ channel chat",
        "- channel ops-slack",
        "- channel slack",
    ]


def test_a_channel_says_what_it_was(apply, session, credentials):
    """Also without prune, when its config changes too, and when the file keeps what is stored."""
    apply(CHANNELS)
    told = channel(session, "ops-slack").id
    renamed = CHANNELS.replace("name: ops-slack", "name: slack, was: ops-slack, events: [down]")
    kept = renamed.replace("${env:SLACK_URL}", "${stored}")
    [renaming] = apply(kept)
    assert renaming.startswith("~ channel ops-slack: name ops-slack → slack, events ")
    assert channel(session, "slack").id == told
    assert apply(kept, prune=True) == []
    both = kept + '  - {name: ops-slack, kind: slack, config: {webhook_url: "${env:SLACK_URL}"}}\n'
    [refusal] = apply(both)
    assert "ops-slack is in the file as well, so this cannot be what it was" in refusal


def test_prune_deletes_the_channels_that_the_file_leaves_out(apply, session, credentials):
    apply(CHANNELS)
    shorter = CHANNELS[: CHANNELS.index("  - {name: ops")]
    assert apply(shorter) == []
    assert apply(shorter, prune=True) == ["- channel ops-slack"]
    assert apply("", prune=True) == ["- channel iati-x", "- namespace iati"]
    assert channel(session, "Administrators").built_in


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: twitter", "kind: pigeon", "6: channels[0].kind: there is no kind pigeon"),
        ("namespace: iati", "namespace: di", "5: channels[0].namespace: there is no namespace di"),
        ("[down,", "[dawn,", "7: channels[0].events: there is no event dawn"),
        ("4h", "0s", "8: channels[0].reminder_every: must be between 10 s and 30 d"),
        ("access_token:", "acess:", "9: channels[0].config.acess: is not known here"),
        ("X_KEY", "NOT_SET", "9: channels[0].config.consumer_key: the environment variable"),
        ("monthly_budget: 300", "monthly_budget: -1", "10: channels[0].config.monthly_budget: "),
        ("name: ops-slack", "name: iati-x", "11: channels[1]: iati-x is there twice"),
        ("webhook_url", "url", "11: channels[1].config.url: is not known here; known are"),
        ('"${env:SLACK_URL}"', '"${stored}"', "11: channels[1].config.webhook_url: is not stored"),
    ],
)
def test_a_mistake_in_a_channel_is_named_with_its_line(
    apply, session, credentials, old, new, message
):
    [error] = apply(CHANNELS.replace(old, new))
    assert error.startswith(message), error
    assert session.exec(select(Namespace)).all() == []


def test_a_reference_can_be_meant_as_it_stands(apply, session):
    apply(FIRST.replace("name: Datastore", 'name: "$${env:HOME} $$"'))
    assert session.exec(select(Host)).one().name == "${env:HOME} $$"


WITHOUT_ADDRESS = FIRST.replace("    address: datastore.example.org\n", "")


def test_an_address_that_is_missing_is_said_of_the_host(apply, session):
    [line] = apply(WITHOUT_ADDRESS)
    assert line == "4: hosts[0].address: is required: the service Port checks it"
    assert session.exec(select(Host)).all() == []


def test_an_address_that_is_taken_away_is_missing_too(apply, session):
    apply(FIRST)
    session.commit()
    [line] = apply(WITHOUT_ADDRESS)
    assert line == "4: hosts[0].address: is required: the service Port checks it"
    only_page = WITHOUT_ADDRESS.replace(
        "      - {name: Port, kind: tcp, config: {port: 443}}\n", ""
    )
    [line] = apply(only_page)
    assert line == "4: hosts[0].address: is required: the service Port checks it"
    assert apply(only_page, prune=True) == [
        "- service Datastore / Port",
        "~ host Datastore (iati): address datastore.example.org → ",
    ]
    assert session.exec(select(Host.address)).one() == ""
    assert apply(only_page) == []
