"""rubin-gafaelfawr (PyPI) against the simulated Gafaelfawr and its discovery.

That package's own tests run against a mock that differs from the server: it knows no
token at 403 (server: 401), no user at 404 (server: 200 without uid), makes tokens at 200
(server: 201), and shows nobody oneself without `admin:userinfo` (server: does). Where
they differ the wire document is right, and the test here says so.
"""

import logging
import ssl
import unittest
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import structlog
from rubin.gafaelfawr import (
    GafaelfawrClient,
    GafaelfawrDiscoveryError,
    GafaelfawrGroup,
    GafaelfawrNotFoundError,
    GafaelfawrWebError,
    create_token,
)
from rubin.repertoire import DiscoveryClient, RepertoireWebError
from simulator import SimulatorCase

VERA = "gt-vera-laptop-key-00000A.vera-laptop-secret-00A"
CAROL = "gt-carol-key-00000000000A.carol-secret-00000000A"
READER = "gt-bot-reader-key-000000A.bot-reader-secret-000A"
ADMIN = "gt-bot-admin-key-0000000A.bot-admin-secret-0000A"
HERE = Path(__file__).parent

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


class ClientCase(SimulatorCase, unittest.IsolatedAsyncioTestCase):
    kind = "gafaelfawr"
    population = ("--data", str(HERE / "observatory.json"))

    async def asyncSetUp(self):
        trust = ssl.create_default_context(cafile=self.simulator.authority)
        self.http = httpx.AsyncClient(verify=trust, trust_env=False, timeout=20)
        self.addAsyncCleanup(self.http.aclose)
        self.client = self.fresh()

    def fresh(self, **discovery):
        """A client that remembers nothing."""
        base = self.simulator.url + "/repertoire/"
        found = DiscoveryClient(self.http, base_url=base, **discovery)
        return GafaelfawrClient(self.http, discovery_client=found)

    async def assert_status(self, status, awaitable, kind=GafaelfawrWebError):
        with self.assertRaises(kind) as caught:
            await awaitable
        self.assertEqual(caught.exception.status, status)


class Discovery(ClientCase):
    async def test_a_deployment_without_gafaelfawr_is_told_apart(self):
        self.simulator.fault("no-discovery")
        with self.assertRaises(GafaelfawrDiscoveryError):
            await self.client.get_user_info(VERA)

    async def test_what_was_found_is_kept_when_it_cannot_be_asked_for_again(self):
        client = self.fresh(cache_timeout=timedelta(0))
        await client.get_user_info(VERA)
        self.simulator.order(
            do="fault", faults=[{"fault": "operation-failed", "below": "/repertoire"}]
        )
        await client.clear_cache()
        self.assertEqual((await client.get_user_info(VERA)).username, "vera")
        with self.assertRaises(RepertoireWebError):
            await self.fresh().get_user_info(VERA)

    async def test_an_unknown_authority_is_not_trusted(self):
        async with httpx.AsyncClient(trust_env=False) as http:
            found = DiscoveryClient(http, base_url=self.simulator.url + "/repertoire")
            with self.assertRaises(RepertoireWebError):
                await GafaelfawrClient(http, discovery_client=found).get_user_info(VERA)


class OwnInformation(ClientCase):
    async def test_all_fields_are_read(self):
        vera = await self.client.get_user_info(VERA)
        self.assertEqual((vera.name, vera.email), ("Vera Rubin", "vera@example.org"))
        self.assertEqual((vera.uid, vera.gid), (60001, 61000))
        self.assertEqual([group.name for group in vera.groups], ["g_admins", "staff"])
        self.assertEqual(vera.supplemental_groups, [61001, 61000])
        self.assertEqual(vera.quota.notebook.memory, 4.0)
        self.assertEqual(vera.quota.tap["qserv"].concurrent, 5)

    async def test_who_has_no_posix_data_is_known_all_the_same(self):
        carol = await self.client.get_user_info(CAROL)
        self.assertEqual((carol.username, carol.uid, carol.groups), ("carol", None, []))

    async def test_a_token_that_is_not_taken_is_401(self):
        # The package's mock says 403 to an unknown one.
        for token in [create_token(), VERA[:-1] + "B", "hunter2"]:
            await self.assert_status(401, self.fresh().get_user_info(token))

    async def test_a_token_that_the_package_makes_is_one(self):
        token = create_token()
        self.assertRegex(token, r"^gt-[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{22}$")
        made = {"token": token, "username": "vera", "token_type": "user"}
        self.simulator.order(do="add-token", token=made)
        self.assertEqual((await self.client.get_user_info(token)).uid, 60001)

    async def test_a_revoked_token_is_remembered_by_the_client_until_it_is_told(self):
        await self.client.get_user_info(VERA)
        self.simulator.order(do="revoke-token", key=VERA[3:25])
        self.assertEqual((await self.client.get_user_info(VERA)).uid, 60001)
        await self.client.clear_cache()
        await self.assert_status(401, self.client.get_user_info(VERA))


class OthersInformation(ClientCase):
    async def test_a_user_is_found_by_name(self):
        vera = await self.client.get_user_info(READER, "vera")
        self.assertEqual((vera.uid, vera.gid), (60001, 61000))
        self.assertEqual(vera.quota.api, {"svc": 100})

    async def test_nobody_is_found_by_a_name_that_nobody_has(self):
        # The package's mock says 404; the server answers 200 without ids.
        nobody = await self.client.get_user_info(READER, "nobody")
        self.assertEqual((nobody.username, nobody.uid), ("nobody", None))
        await self.assert_status(422, self.client.get_user_info(READER, "_apt"))

    async def test_oneself_needs_no_scope_and_others_do(self):
        # The package's mock wants `admin:userinfo` for oneself, too.
        self.assertEqual((await self.client.get_user_info(VERA, "vera")).uid, 60001)
        await self.assert_status(403, self.client.get_user_info(VERA, "carol"))

    async def test_the_clients_memory_answers_whoever_asks(self):
        await self.client.get_user_info(READER, "vera")
        self.assertEqual((await self.client.get_user_info("bogus", "vera")).uid, 60001)

    async def test_users_and_groups_are_listed(self):
        users = await self.client.list_users(READER)
        self.assertEqual([(user.username, user.uid) for user in users],
                         [("carol", None), ("vera", 60001)])
        self.assertIsNone(users[1].quota)
        groups = await self.client.list_groups(READER)
        self.assertEqual([group.name for group in groups.user], ["g_admins", "staff"])
        self.assertEqual([group.id for group in groups.system], [61002])
        await self.assert_status(403, self.client.list_users(VERA))
        await self.assert_status(401, self.client.list_groups("bogus"))


class WithoutUserDirectory(ClientCase):
    population = ("--data", str(HERE / "github.json"))

    async def test_nobody_can_be_asked_about_but_by_their_own_token(self):
        for asked in [
            self.client.get_user_info(READER, "vera"),
            self.client.get_user_info(VERA, "vera"),
            self.client.list_users(VERA),
            self.client.list_groups(READER),
        ]:
            await self.assert_status(404, asked, GafaelfawrNotFoundError)
        vera = await self.client.get_user_info(VERA)
        self.assertEqual((vera.uid, vera.supplemental_groups), (51, [1234, 51]))


class NewTokens(ClientCase):
    async def test_a_service_token_is_made_and_works(self):
        token = await self.client.create_service_token(
            ADMIN, "bot-new", scopes=["admin:userinfo"], name="New", uid=100007, gid=100008,
            groups=[GafaelfawrGroup(name="bots", id=100008)],
            expires=datetime.now(tz=UTC) + timedelta(hours=1),
        )
        bot = await self.client.get_user_info(token)
        self.assertEqual((bot.name, bot.uid, bot.gid), ("New", 100007, 100008))
        self.assertEqual(bot.supplemental_groups, [100008])
        self.assertEqual((await self.client.get_user_info(token, "vera")).uid, 60001)
        self.simulator.order(do="advance", seconds=3700)
        await self.assert_status(401, self.fresh().get_user_info(token))

    async def test_what_is_not_granted(self):
        async def make(token, name, **more):
            return await self.client.create_service_token(token, name, **more)

        soon = datetime.now(tz=UTC) + timedelta(minutes=2)
        # The package's mock says 422 to a name that is no machine's.
        await self.assert_status(403, make(ADMIN, "vera", scopes=[]))
        await self.assert_status(422, make(ADMIN, "bot-x", scopes=[], expires=soon))
        await self.assert_status(422, make(ADMIN, "bot-x", scopes=["made:up"]))
        await self.assert_status(403, make(READER, "bot-x", scopes=[]))
        await self.assert_status(401, make("bogus", "bot-x", scopes=[]))


class Faults(ClientCase):
    async def test_failures_are_told_with_their_status(self):
        for fault, status in [
            ("ldap-down", 500), ("operation-failed", 500), ("unauthorized", 401),
            ("forbidden", 403), ("invalid-request", 403), ("date-limited=60", 429),
            ("proxy-error=502", 502), ("redirect", 302),
        ]:
            with self.subTest(fault=fault):
                client = self.fresh()
                await client.get_user_info(CAROL)
                self.simulator.fault(fault)
                await self.assert_status(status, client.get_user_info(VERA))
                self.simulator.fault()

    async def test_a_server_that_is_down_or_cuts_its_answer_short_gives_no_answer(self):
        for fault in ["down", "truncated"]:
            with self.subTest(fault=fault):
                client = self.fresh()
                await client.get_user_info(CAROL)
                self.simulator.fault(fault)
                await self.assert_status(None, client.get_user_info(VERA))
                self.simulator.fault()

    async def test_a_page_for_people_is_no_answer(self):
        for fault in ["html-page", "garbage"]:
            with self.subTest(fault=fault):
                client = self.fresh()
                await client.get_user_info(CAROL)
                self.simulator.fault(fault)
                with self.assertRaises(ValueError):
                    await client.get_user_info(VERA)
                self.simulator.fault()


if __name__ == "__main__":
    unittest.main()
