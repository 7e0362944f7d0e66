"""The `dns` probe, against name servers on this machine."""

import asyncio
import json
import time
from typing import Any

import dns.flags
import dns.message
import dns.resolver
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import up_to
from tests.probes.http_exchange.test_http_failures import unused_port
from tests.probes.name_server import Answers, name_server, records
from webmon.commands.validation import validated
from webmon.domain.checks.status import Status
from webmon.errors import Invalid
from webmon.probes.base import Outcome, Target
from webmon.probes.dns import DnsConfig, probe_dns
from webmon.probes.name_servers import query as dns_query
from webmon.probes.wire.addresses import Endpoint

WWW = "www.example.org"
ADDRESS = f"{WWW}. 300 A 192.0.2.7"


async def probe(resolver: str | None, timeout: float = 2, **fields: Any) -> Outcome:
    config = DnsConfig.model_validate({"name": WWW, "resolver": resolver, **fields})
    started = time.perf_counter()
    outcome = await probe_dns(config, Target(""), timeout)
    assert time.perf_counter() - started < timeout + 2
    json.dumps(outcome.evidence)
    return outcome


async def answered(answers: Answers, **fields: Any) -> Outcome:
    async with name_server(answers) as server:
        outcome = await probe(server.place, **fields)
    outcome.evidence.pop("resolver")
    return outcome


async def test_a_name_that_resolves_is_up() -> None:
    outcome = await answered(records(ADDRESS, f"{WWW}. 300 A 192.0.2.8"))
    assert outcome.status is Status.UP
    assert outcome.message.startswith("answers 192.0.2.7, 192.0.2.8, in ")
    assert outcome.response_us
    assert outcome.phases.first_byte_us == outcome.response_us
    assert outcome.evidence == {
        "name": WWW,
        "record": "A",
        "transport": "UDP",
        "rcode": "NOERROR",
        "authenticated": False,
        "answers": ["192.0.2.7", "192.0.2.8"],
        "answers_total": 2,
        "ttl": 300,
    }


async def test_an_answer_that_was_verified_is_told() -> None:
    async with name_server(records(ADDRESS, flags=dns.flags.AD | dns.flags.RA)) as server:
        outcome = await probe(server.place)
    assert outcome.evidence["authenticated"]
    assert server.asked[0].flags & dns.flags.AD
    assert server.asked[0].flags & dns.flags.RD


@pytest.mark.parametrize(
    ("record", "text", "expect"),
    [
        ("A", "192.0.2.7", "192.0.2.7"),
        ("AAAA", "2001:db8::7", "2001:DB8:0:0::7"),
        ("CNAME", "Host.Example.org.", "host.example.org"),
        ("MX", "10 mail.example.org.", "10 mail.example.org."),
        ("MX", "10 mail.example.org.", "mail.example.org"),
        ("NS", "ns1.example.org.", "NS1.example.org"),
        ("TXT", '"v=spf1 include:example.org, ~all"', "v=spf1 include:example.org, ~all"),
        ("TXT", '"one " "two"', "one two"),
        ("SOA", "ns1.example.org. root.example.org. 7 1 1 1 1", "ns1.example.org"),
        ("SRV", "0 5 5060 sip.example.org.", "0 5 5060 sip.example.org"),
        ("CAA", '0 issue "ca.example.net"', "0 issue ca.example.net"),
    ],
)
async def test_records_of_every_kind(record: str, text: str, expect: str) -> None:
    answers = records(f"{WWW}. 60 {record} {text}")
    assert (await answered(answers, record=record, expect=expect)).status is Status.UP
    outcome = await answered(answers, record=record, expect="192.0.2.99")
    assert outcome.status is Status.DOWN
    assert outcome.message.endswith(", expected 192.0.2.99")


async def test_an_address_is_looked_up_the_other_way_round() -> None:
    answers = records("7.2.0.192.in-addr.arpa. 60 PTR www.example.org.")
    outcome = await answered(answers, name="192.0.2.7", record="ptr", expect=WWW)
    assert outcome.status is Status.UP
    assert outcome.evidence["answers"] == [WWW]


async def test_an_alias_is_followed() -> None:
    outcome = await answered(
        records(f"{WWW}. 30 CNAME web.example.net.", "web.example.net. 90 A 192.0.2.7")
    )
    assert outcome.status is Status.UP
    assert (outcome.evidence["answers"], outcome.evidence["ttl"]) == (["192.0.2.7"], 30)


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("192.0.2.9", "answers 192.0.2.7, 192.0.2.8, expected 192.0.2.9"),
        ("192.0.2.7, 192.0.2.9", "answers 192.0.2.7, 192.0.2.8, expected 192.0.2.7, 192.0.2.9"),
        ("192.0.2.8", None),
        (["192.0.2.8", "192.0.2.7"], None),
        (" 192.0.2.8 ,192.0.2.7, ", None),
    ],
)
async def test_all_expected_answers_must_be_there(expect: Any, message: str | None) -> None:
    outcome = await answered(records(ADDRESS, f"{WWW}. 300 A 192.0.2.8"), expect=expect)
    assert outcome.status is (Status.DOWN if message else Status.UP)
    assert message is None or outcome.message == message


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (records(rcode="NXDOMAIN"), "www.example.org does not exist (NXDOMAIN)"),
        (records(), "www.example.org has no A record"),
        (
            records(f"{WWW}. 9 CNAME gone.example.org."),
            "www.example.org is an alias of gone.example.org, which has no A record",
        ),
        (records(flags=0), "resolver {place} only names other servers to ask"),
        (records(rcode="REFUSED"), "resolver {place} refused to answer (REFUSED)"),
        (records(rcode="SERVFAIL"), "resolver {place} failed to find the answer (SERVFAIL)"),
        (records(rcode="NOTIMP"), "resolver {place} answered NOTIMP"),
    ],
)
async def test_other_answers(answers: Answers, message: str) -> None:
    async with name_server(answers) as server:
        outcome = await probe(server.place)
    assert outcome.status is Status.DOWN
    assert outcome.message == message.format(place=server.place)
    assert outcome.evidence["rcode"] in message or outcome.evidence["rcode"] == "NOERROR"
    assert outcome.evidence["resolver"] == server.place


ALIAS = f"{WWW}. 9 CNAME gone.example.net."


@pytest.mark.parametrize(
    ("rcode", "message"),
    [
        ("NXDOMAIN", "is an alias of gone.example.net, which does not exist (NXDOMAIN)"),
        ("NOERROR", "is an alias of gone.example.net, which has no A record"),
    ],
)
async def test_an_alias_that_leads_nowhere_names_its_target(rcode: str, message: str) -> None:
    outcome = await answered(records(ALIAS, rcode=rcode))
    assert (outcome.status, outcome.message) == (Status.DOWN, f"{WWW} {message}")


@pytest.mark.parametrize(
    ("rcode", "expected", "status"),
    [
        ("NXDOMAIN", "NXDOMAIN", Status.UP),
        ("NOERROR", "NXDOMAIN", Status.DOWN),
        ("REFUSED", "refused", Status.UP),
        ("SERVFAIL", "NXDOMAIN", Status.DOWN),
    ],
)
async def test_an_answer_code_that_is_expected(rcode: str, expected: str, status: Status) -> None:
    outcome = await answered(records(rcode=rcode), rcode=expected)
    assert outcome.status is status
    if status is Status.DOWN:
        assert outcome.message == f"answers {rcode}, expected NXDOMAIN"


KEY = "v=DKIM1; k=rsa; p=" + "MIIBIjANBgkqhkiG9w0BAQ+/EFAAOC" * 13


@pytest.mark.parametrize("expect", [KEY, f'"{KEY[:255]}" "{KEY[255:]}"', f'"{KEY}"'])
async def test_a_long_text_is_the_same_in_one_piece_and_as_dig_prints_it(expect: str) -> None:
    record = f'{WWW}. 9 TXT "{KEY[:255]}" "{KEY[255:]}"'
    outcome = await answered(records(record), record="TXT", expect=expect)
    assert outcome.status is Status.UP, outcome.message


async def test_what_is_cut_in_the_middle_of_a_record_is_asked_for_over_tcp() -> None:
    whole = records(*[f"{WWW}. 300 A 192.0.2.{number}" for number in range(1, 50)])

    def cut(query: dns.message.Message) -> list[bytes]:
        message = whole(query)
        assert isinstance(message, dns.message.Message)
        message.flags |= dns.flags.TC
        return [message.to_wire()[:207]]

    async with name_server(cut, whole) as server:
        outcome = await probe(server.place)
    assert (outcome.status, outcome.evidence["transport"]) == (Status.UP, "TCP")


async def test_an_endless_chain_of_aliases() -> None:
    aliases = [f"a{n}.example.org. 9 CNAME a{n + 1}.example.org." for n in range(20)]
    outcome = await answered(records(*aliases), name="a0.example.org")
    assert outcome.status is Status.DOWN
    assert outcome.message.endswith("sent an answer that leads nowhere")


async def test_a_long_answer_comes_over_tcp() -> None:
    many = records(*[f"{WWW}. 300 A 192.0.2.{number}" for number in range(1, 100)])
    async with name_server(records(flags=dns.flags.TC), many) as server:
        outcome = await probe(server.place, expect="192.0.2.99")
    assert outcome.status is Status.UP
    assert outcome.message.startswith(
        "answers 192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4, 192.0.2.5 and 94 more, in "
    )
    evidence = outcome.evidence
    assert (evidence["transport"], evidence["answers_total"]) == ("TCP", 99)
    assert len(evidence["answers"]) == 20


@pytest.mark.parametrize(
    ("over_tcp", "message"),
    [
        (None, ": connection refused by {place}"),
        (lambda _: [b"garbage"], " {place} sent something that does not answer the question"),
    ],
)
async def test_a_long_answer_that_does_not_come(over_tcp: Answers | None, message: str) -> None:
    async with name_server(records(flags=dns.flags.TC), over_tcp) as server:
        outcome = await probe(server.place)
    assert outcome.status is Status.DOWN
    expected = f"the answer is too long for UDP, and over TCP{message}"
    assert outcome.message == expected.format(place=server.place)


async def test_a_server_that_hangs_over_tcp() -> None:
    async with name_server(records(flags=dns.flags.TC), lambda _: None) as server:
        outcome = await probe(server.place, timeout=0.2)
    assert outcome.message == f"no answer within 0.2 s from {server.place}"


def misleading(query: dns.message.Message) -> list[bytes]:
    """What is not the answer: garbage, another number, another question, the question itself."""
    answer = records(ADDRESS)
    right = answer(query)
    assert isinstance(right, dns.message.Message)
    numbered = right.to_wire()
    other = dns.message.make_query("other.example.org", "A", id=query.id)
    wrong = records("other.example.org. 1 A 192.0.2.66")(other)
    assert isinstance(wrong, dns.message.Message)
    return [
        b"",
        b"garbage",
        bytes([numbered[0] ^ 1]) + numbered[1:],
        wrong.to_wire(),
        query.to_wire(),
    ]


async def test_what_does_not_answer_the_question_is_passed_over() -> None:
    def answers(query: dns.message.Message) -> list[bytes]:
        right = records(ADDRESS)(query)
        assert isinstance(right, dns.message.Message)
        return [*misleading(query), right.to_wire()]

    assert (await answered(answers)).status is Status.UP
    async with name_server(misleading) as server:
        outcome = await probe(server.place, timeout=0.2)
    assert outcome.message == (
        f"no answer within 0.2 s from {server.place}, only packets that do not answer the question"
    )


async def test_a_server_that_says_nothing() -> None:
    async with name_server(lambda _: None) as server:
        outcome = await probe(server.place, timeout=0.2)
    assert outcome.status is Status.DOWN
    assert outcome.message == f"no answer within 0.2 s from {server.place}"
    assert outcome.response_us is None


async def test_a_question_that_got_lost_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_query, "RESEND_SECONDS", 0.05)

    def answers(query: dns.message.Message) -> dns.message.Message | list[bytes] | None:
        return records(ADDRESS)(query) if len(server.asked) > 2 else None

    async with name_server(answers) as server:
        outcome = await probe(server.place)
    assert outcome.status is Status.UP
    assert len(server.asked) == 3


async def test_a_slow_server_is_up_and_its_time_is_told() -> None:
    def slow(query: dns.message.Message) -> None:
        said = records(ADDRESS)(query)
        assert isinstance(said, dns.message.Message)
        later = asyncio.get_running_loop().call_later
        later(0.2, server.transport.sendto, said.to_wire(), server.asker)

    async with name_server(slow) as server:
        outcome = await probe(server.place)
    assert outcome.status is Status.UP
    assert outcome.response_us
    assert outcome.response_us >= 200_000


async def test_nobody_listens() -> None:
    place = f"127.0.0.1:{unused_port()}"
    outcome = await probe(place)
    assert (outcome.status, outcome.message) == (Status.DOWN, f"connection refused by {place}")


async def test_a_server_by_its_name_and_over_ipv6() -> None:
    async with name_server(records(ADDRESS)) as server:
        outcome = await probe(f"localhost:{server.port}")
    assert outcome.status is Status.UP
    assert outcome.phases.dns_us
    async with name_server(records(ADDRESS), host="::1") as server:
        outcome = await probe(f"[::1]:{server.port}")
    assert (outcome.status, outcome.phases.dns_us) == (Status.UP, None)


async def test_a_name_server_that_does_not_exist() -> None:
    outcome = await probe("foo.invalid")
    assert outcome.status is Status.DOWN
    assert outcome.message == "there is no name server to ask: no such host: foo.invalid"


async def test_the_monitors_own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    async with name_server(records(ADDRESS)) as server:
        own = dns.resolver.Resolver(configure=False)
        own.nameservers, own.port = ["127.0.0.1"], server.port
        monkeypatch.setattr(dns.resolver, "Resolver", lambda: own)
        outcome = await probe(None)
    assert (outcome.status, outcome.evidence["resolver"]) == (Status.UP, server.place)


async def test_the_monitors_own_servers_are_asked_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_query, "NEXT_SERVER_SECONDS", 0.1)
    async with (
        name_server(lambda _: None) as silent,
        name_server(records(rcode="SERVFAIL")) as failing,
        name_server(records(ADDRESS)) as right,
    ):
        servers = [Endpoint(2, ("127.0.0.1", each.port)) for each in (silent, failing, right)]

        async def own(_: DnsConfig) -> list[Endpoint]:
            return servers

        monkeypatch.setattr("webmon.probes.dns._servers", own)
        outcome = await probe(None)
        assert outcome.status is Status.UP
        assert outcome.evidence["resolver"] == right.place
        servers.pop()
        outcome = await probe(None, timeout=0.4)
        assert outcome.message == f"no answer within 0.4 s from {silent.place} and {failing.place}"


async def test_a_monitor_without_name_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    def unconfigured() -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver, "Resolver", unconfigured)
    outcome = await probe(None)
    assert outcome.status is Status.UNKNOWN
    assert outcome.message.startswith("this monitor has no name server of its own")


async def test_many_hanging_servers_do_not_delay_each_other() -> None:
    async with name_server(lambda _: None) as server:
        started = time.perf_counter()
        await asyncio.gather(*(probe(server.place, timeout=0.5) for _ in range(200)))
    assert time.perf_counter() - started < 50, "one after the other they take 100 s"


@settings(max_examples=up_to(40))
@given(st.lists(st.binary(max_size=80), max_size=3), st.booleans())
def test_random_bytes(tails: list[bytes], keeps_question: bool) -> None:
    """Also after a beginning that is right: number, flags and question."""

    def answers(query: dns.message.Message) -> list[bytes]:
        head = query.to_wire()
        head = head[:2] + b"\x80\x00\x00\x01\x00\x05" + head[8:]
        return [head + tail if keeps_question else tail for tail in tails]

    async def check() -> Outcome:
        async with name_server(answers) as server:
            return await probe(server.place, timeout=0.05)

    assert asyncio.run(check()).message


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "a..b"}, "config.name"),
        ({"name": "x" * 64}, "config.name"),
        ({"name": ""}, "config.name"),
        ({"name": WWW, "record": "ANY"}, "config.record"),
        ({"name": WWW, "resolver": "10.0.0.1:0"}, "config.resolver"),
        ({"name": WWW, "resolver": ":53"}, "config.resolver"),
        ({"name": WWW, "resolver": "10.0.0.1:dns"}, "config.resolver"),
        ({"name": WWW, "expect": ", ,"}, "config.expect"),
        ({}, "config.name"),
    ],
)
def test_settings_that_make_no_sense_are_refused(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        validated(DnsConfig, fields, within="config")
    assert refused.value.field == field


def test_empty_fields_count_as_not_given() -> None:
    assert DnsConfig.model_validate({"name": WWW, "resolver": "", "expect": " "}) == DnsConfig(
        name=WWW
    )
    for resolver in ("10.0.0.1", "::1", "[::1]", "[::1]:53", "ns.example.org:5353"):
        assert DnsConfig(name=WWW, resolver=resolver).resolver == resolver
    assert all(info.title for info in DnsConfig.model_fields.values())
