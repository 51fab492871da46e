"""python-fedora (PyPI, 1.1.1), the reference client, against the simulated FAS.

Where the client is odd (an application error without a text kills it, an unknown id
raises KeyError in one of its two classes), the test says so: the simulator sends what
the real server sends, not what would suit the client.
"""

import hashlib
import os
import tempfile
import unittest
import warnings

import requests
from fedora.client import AppError, AuthError, CLAError, ServerError
from fedora.client import baseclient
from fedora.client.fas2 import AccountSystem
from fedora.client.fasproxy import FasProxyClient
from simulator import HERE, SimulatorCase

OURS = ("hosts", "h: s&cret+")
ADA = ("ada", 'p&<"ä +%')


class FedoraCase(SimulatorCase):
    kind = "fas"
    population = ("--data", str(HERE / "fas.json"))

    def setUp(self):
        super().setUp()
        # The client has no parameter for it.
        os.environ["REQUESTS_CA_BUNDLE"] = self.simulator.authority
        self.addCleanup(os.environ.pop, "REQUESTS_CA_BUNDLE")
        # It pickles sessions below the home folder, also when told not to.
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(setattr, baseclient, "b_SESSION_FILE", baseclient.b_SESSION_FILE)
        baseclient.b_SESSION_FILE = os.path.join(folder.name, "session").encode()
        warnings.simplefilter("ignore", DeprecationWarning)
        self.proxy = FasProxyClient(self.simulator.url)

    def system(self, user=OURS):
        name, password = user
        return AccountSystem(
            self.simulator.url, username=name, password=password, cache_session=False
        )

    def requests(self):
        return self.simulator.order(do="requests")


class Passwords(FedoraCase):
    def test_the_right_password_of_an_active_person_or_a_bot_is_verified(self):
        for name, password, expected in [
            (*ADA, True), ("robot", "pw", True), ("ada", "wrong", False), ("Ada", ADA[1], False),
            ("ada ", ADA[1], False), ("nobody", "pw", False), ("gone", "pw", False),
            ("banned", "pw", False), ("ada", "", False),
        ]:
            self.assertIs(self.proxy.verify_password(name, password), expected, name)
            self.assertIs(self.system().verify_password(name, password), expected, name)

    def test_what_is_empty_is_not_even_sent(self):
        self.assertFalse(self.proxy.verify_password("ada", ""))
        self.assertIsNone(self.requests()[0]["person"])
        with self.assertRaises(AuthError):
            self.proxy.login("", "pw")
        self.assertEqual(len(self.requests()), 1)

    def test_an_address_logs_somebody_in_whose_name_it_is_not(self):
        for name in ("ada@example.org", "ada@mail.example"):
            _, data = self.proxy.login(name, ADA[1])
            self.assertEqual(data.user.username, "ada")
        self.assertFalse(self.proxy.verify_password("ada@elsewhere.example", ADA[1]))

    def test_a_wrong_password_falls_through_to_a_live_session(self):
        session, _ = self.proxy.login(*ADA)
        _, data = self.proxy.send_request(
            "home",
            auth_params={"username": "bob", "password": "wrong", "session_id": session},
        )
        self.assertEqual(data.person.username, "ada")
        _, data = self.proxy.send_request(
            "login",
            auth_params={"username": "bob", "password": "wrong", "session_id": session},
        )
        self.assertEqual(data.user.username, "ada")

    def test_basic_credentials_are_not_looked_at(self):
        with self.assertRaises(AuthError):
            self.proxy.send_request(
                "home",
                auth_params={"username": "ada", "password": ADA[1], "httpauth": "basic"},
            )

    def test_a_login_tells_everything_about_oneself(self):
        session, data = self.proxy.login(*ADA)
        self.assertRegex(session, "^[0-9a-f]{40}$")
        self.assertEqual(data.tg_flash, "Welcome, ada")
        user = data.user
        self.assertEqual((user.id, user.status), (100101, "active"))
        self.assertEqual(sorted(user.groups), ["cla_done", "cla_fpca", "sysadmin-main"])
        self.assertTrue(user.password.startswith("$6$"))
        self.assertTrue(user.old_password.startswith("$6$"))
        self.assertIsInstance(user.group_roles, list)
        self.assertIn("BBBB two", user.ssh_key)
        self.assertEqual(user.creation, "2010-01-02 03:04:05+00:00")

    def test_a_refused_login_says_why_only_to_the_inactive(self):
        def refused(**form):
            reply = requests.post(
                self.simulator.url + "/login",
                data={"login": "Login", **form},
                headers={"Accept": "application/json"},
            )
            self.assertEqual(reply.status_code, 403)
            self.assertRegex(reply.cookies["tg-visit"], "^[0-9a-f]{40}$")
            return reply.json()

        gone = refused(user_name="gone", password="wrong", _csrf_token="x", more="y")
        self.assertIn("expired", gone["tg_flash"])
        self.assertEqual(gone["original_parameters"], {"_csrf_token": "x", "more": "y"})
        self.assertIs(gone["logging_in"], True)
        self.assertNotIn("tg_flash", refused(user_name="banned", password="pw"))
        self.assertNotIn("tg_flash", refused(user_name="ada", password="wrong"))


class Sessions(FedoraCase):
    def test_a_session_lives_while_it_is_used(self):
        session, _ = self.proxy.login(*ADA)
        for _ in range(3):
            self.simulator.order(do="advance", seconds=19 * 60)
            self.assertTrue(self.proxy.verify_session(session))
        self.simulator.order(do="advance", seconds=21 * 60)
        self.assertFalse(self.proxy.verify_session(session))

    def test_refreshing_never_fails_and_shows_by_the_cookie_that_it_did(self):
        session, _ = self.proxy.login(*ADA)
        self.assertEqual(self.proxy.refresh_session(session), (session, {}))
        self.simulator.order(do="expire-sessions")
        other, data = self.proxy.refresh_session(session)
        self.assertNotEqual(other, session)
        self.assertIn("now", data)

    def test_a_session_without_its_token_is_nobodys(self):
        session, _ = self.proxy.login(*ADA)
        token = hashlib.sha1(session.encode()).hexdigest()
        for given, status in [({"_csrf_token": token}, 200), ({"_csrf_token": "0" * 40}, 403), ({}, 403)]:
            reply = requests.post(
                self.simulator.url + "/home",
                data=given,
                cookies={"tg-visit": session},
                headers={"Accept": "application/json"},
            )
            self.assertEqual(reply.status_code, status, given)
            self.assertEqual(reply.cookies["tg-visit"], session)

    def test_a_session_alone_is_told_to_log_in_by_login(self):
        session, _ = self.proxy.login(*ADA)
        with self.assertRaises(AuthError):
            self.proxy.send_request("login", auth_params={"session_id": session})
        self.assertTrue(self.proxy.verify_session(session))

    def test_logging_out_ends_it(self):
        session, _ = self.proxy.login(*ADA)
        self.proxy.logout(session)
        self.assertFalse(self.proxy.verify_session(session))
        with self.assertRaises(AuthError):
            self.proxy.logout(session)
        system = self.system()
        system.user_id()
        system.logout()
        system.logout()

    def test_whoever_is_disabled_is_logged_out(self):
        session, _ = self.proxy.login(*ADA)
        self.simulator.order(do="set-status", name="ada", status="admin_disabled")
        self.assertFalse(self.proxy.verify_session(session))

    def test_the_password_comes_with_every_call_of_the_older_client(self):
        system = self.system()
        system.person_by_username("ada")
        system.person_by_username("ada")
        first, second = self.requests()
        self.assertEqual((first["cookie"], first["token"]), (False, False))
        self.assertEqual((second["cookie"], second["token"]), (True, True))


class People(FedoraCase):
    def test_a_person_is_found_by_name_and_by_id(self):
        system = self.system()
        session, by_proxy = self.proxy.person_by_id(
            100101, {"username": OURS[0], "password": OURS[1]}
        )
        for person in (system.person_by_username("ada"), system.person_by_id(100101), by_proxy):
            self.assertEqual((person.id, person.username), (100101, "ada"))
            self.assertEqual(person.password, "*")
            names = [group.name for group in person.approved_memberships]
            self.assertEqual(names, ["cla_done", "cla_fpca", "sysadmin-main"])
            self.assertEqual(person.group_roles["sysadmin-main"].role_type, "administrator")
        self.assertEqual(system.person_by_username("Ada"), {})
        self.assertEqual(system.person_by_id(1), {})
        with self.assertRaises(KeyError):
            self.proxy.person_by_id(1, {"session_id": session})

    def test_applicants_are_among_the_memberships_and_not_among_the_approved(self):
        bob = self.system().person_by_username("bob")
        self.assertEqual([group.name for group in bob.memberships], ["sysadmin-main"])
        self.assertEqual(bob.approved_memberships, [])
        self.assertEqual([group.id for group in bob.unapproved_memberships], [100205])
        self.assertEqual(bob.group_roles["sysadmin-main"].role_status, "unapproved")
        self.assertIsNone(bob.group_roles["sysadmin-main"].approval)

    def test_what_is_shown_depends_on_who_asks(self):
        def seen(user, name):
            person = self.system(user).person_by_username(name)
            fields = ("human_name", "email", "ssh_key", "password", "security_question")
            return [person[field] for field in fields]

        keys = "ssh-ed25519 AAAA one\r\nssh-ed25519 BBBB two\n"
        self.assertEqual(seen(OURS, "ada"), ["Ada Lovelace", "ada@mail.example", keys, "*", None])
        self.assertEqual(
            seen(("bob", "pw"), "ada"), ["Ada Lovelace", "ada@mail.example", None, "*", None]
        )
        self.assertEqual(seen(OURS, "shy")[0], None)
        self.assertEqual(seen(("shy", "pw"), "shy")[0], "Charlotte Shy")
        self.assertTrue(seen(ADA, "ada")[3].startswith("$6$"))
        for user in (("toshio", "pw"), ("fasclient", "pw")):
            self.assertTrue(seen(user, "ada")[3].startswith("$6$"))
            self.assertEqual(seen(user, "shy")[0], "Charlotte Shy")

    def test_one_sees_oneself(self):
        session, person = self.proxy.get_user_info({"username": "ada", "password": ADA[1]})
        self.assertEqual(person.username, "ada")
        _, other = self.proxy.send_request(
            "user/view", req_params={"username": "bob"}, auth_params={"session_id": session}
        )
        self.assertEqual((other.person.username, other.personal), ("bob", False))
        # An unknown name is answered by a page for people, with status 200.
        with self.assertRaises(ServerError) as raised:
            self.proxy.send_request(
                "user/view", req_params={"username": "nobody"}, auth_params={"session_id": session}
            )
        self.assertEqual(raised.exception.code, 200)

    def test_everybody_is_known_by_id(self):
        people = self.system().user_id()
        self.assertEqual(people[100101], "ada")
        self.assertEqual(people[100104], "gone")
        self.assertEqual(len(people), 9)

    def test_people_are_found_by_a_pattern(self):
        system = self.system()
        everybody = system.people_by_key(search="*")
        self.assertEqual(len(everybody), 9)
        self.assertEqual(everybody["ada"].human_name, "Ada Lovelace")
        self.assertEqual(everybody["ada"].bugzilla_email, "ada@mail.example")
        self.assertEqual(list(system.people_by_key(search="B*", fields=["id"])), ["bob", "banned"][::-1])
        self.assertEqual(system.people_by_key(key="id", search="ad?", fields=["email"]), {})
        self.assertEqual(
            dict(system.people_by_key(key="email", search="ada", fields=["id"])),
            {"ada@mail.example": {"id": 100101}},
        )
        with self.assertRaises(KeyError):
            system.people_by_key(fields=["memberships"])

    def test_a_list_without_a_pattern_is_all_with_an_a(self):
        found = self.system().send_request("user/list", auth=True)
        self.assertEqual(found.search, "a*")
        self.assertEqual([person.username for person in found.people], ["ada"])
        self.assertEqual(found.unapproved_people, [])

    def test_an_unknown_field_is_an_error_with_status_200(self):
        with self.assertRaises(AppError) as raised:
            self.system().send_request("user/list", req_params={"fields": "shoes"}, auth=True)
        self.assertEqual(raised.exception.name, "Invalid")

    def test_people_are_queried_with_likeness(self):
        system = self.system()
        query = system.people_query
        self.assertEqual(
            query(constraints={"username": "ad_"}, columns=["id", "username"]),
            [{"id": 100101, "username": "ada"}],
        )
        members = query(constraints={"group": "sysadmin-main"}, columns=["username", "role_status"])
        found = sorted((row.username, row.role_status) for row in members)
        self.assertEqual(
            found,
            [("ada", "approved"), ("bob", "unapproved"), ("gone", "approved"), ("robot", "approved")],
        )
        crossed = query(constraints={"username": "bob"}, columns=["username", "group"])
        self.assertGreater(len(crossed), 5)
        for wrong in [dict(columns=["shoes"]), dict(columns=["id"], constraints={"shoes": "x"})]:
            with self.assertRaises(AppError) as raised:
                query(**wrong)
            self.assertEqual(raised.exception.name, "FASError")
        with self.assertRaises(ServerError) as raised:
            query(columns=["username"], constraints={"id": "1%"})
        self.assertEqual(raised.exception.code, 500)

    def test_pictures_need_nothing_but_an_address(self):
        system = self.system()
        self.assertIn("gravatar.com", system.avatar_url("ada", lookup_email=False))
        digest = hashlib.md5(b"ada@mail.example").hexdigest()
        self.assertIn(digest, system.gravatar_url("ada"))

    def test_a_parameter_that_the_page_does_not_take_breaks_it(self):
        for path, parameters in [
            ("json/person_by_username", {"username": "ada", "more": "1"}),
            ("json/person_by_username", {}),
            ("json/person_by_id", {"person_id": "x"}),
            ("home", {"more": "1"}),
        ]:
            with self.assertRaises(ServerError) as raised:
                self.system().send_request(path, req_params=parameters, auth=True)
            self.assertEqual(raised.exception.code, 500, path)


class Groups(FedoraCase):
    def test_a_group_is_found_by_name_and_by_id(self):
        system = self.system()
        for group in (system.group_by_name("sysadmin-main"), system.group_by_id(100205)):
            self.assertEqual((group.id, group.name, group.group_type), (100205, "sysadmin-main", "system"))
            self.assertEqual([role.person_id for role in group.approved_roles], [100101, 100104, 100106])
            self.assertEqual([role.person_id for role in group.unapproved_roles], [100102])
        self.assertEqual(system.group_by_id(1), {})
        with self.assertRaises(AppError) as raised:
            system.group_by_name("nothing")
        self.assertEqual(raised.exception.name, "FASError")

    def test_members_are_the_approved_ones_inactive_or_not(self):
        members = self.system().group_members("sysadmin-main")
        self.assertEqual(
            [(member.username, member.role_type) for member in members],
            [("ada", "administrator"), ("gone", "user"), ("robot", "user")],
        )

    def test_an_unknown_group_is_an_empty_one(self):
        system = self.system()
        self.assertEqual(system.group_members("empty"), [])
        self.assertEqual(system.group_members("nothing"), [])

    def test_people_by_group_name_mixes_applicants_in(self):
        people = self.system().people_by_groupname("sysadmin-main")
        self.assertEqual(sorted(person["username"] for person in people), ["ada", "bob", "gone", "robot"])

    def test_a_list_of_groups_has_memberships_only_for_those_who_ask_by_parameter(self):
        session, _ = self.proxy.login(*OURS)
        _, found = self.proxy.group_list({"session_id": session})
        self.assertEqual(found.memberships, {})
        self.assertNotIn("fas-system", [group.name for group in found.groups])
        _, found = self.proxy.send_request(
            "group/list",
            req_params={"tg_format": "json", "search": "sys*"},
            auth_params={"session_id": session},
        )
        self.assertEqual([group.name for group in found.groups], ["sysadmin-main"])
        roles = [(role.person_id, role.role_type) for role in found.memberships["100205"]]
        self.assertEqual(roles[0], (100101, "administrator"))
        self.assertEqual(len(roles), 3)

    def test_the_page_of_members_shows_all_with_an_a_unless_asked(self):
        system = self.system()
        found = system.send_request("group/members/sysadmin-main", auth=True)
        self.assertEqual([role.person_id for role in found.members], [100101])
        found = system.send_request(
            "group/members/sysadmin-main", req_params={"search": "*"}, auth=True
        )
        self.assertEqual(len(found.members), 3)
        self.assertIn("groupname", system.send_request("group/members/nothing", auth=True).tg_errors)

    def test_a_group_is_made_by_administrators_and_others_are_sent_away(self):
        made = dict(name="newcomers", display_name="Newcomers", owner="ada", group_type="tracking")
        refused = self.system().create_group(**made)
        self.assertNotIn("group", refused)
        group = self.system(("toshio", "pw")).create_group(**made).group
        self.assertEqual((group.name, group.owner_id), ("newcomers", 100101))
        self.assertEqual(self.system().group_by_name("newcomers").id, group.id)


class Hosts(FedoraCase):
    def test_every_group_has_its_people_in_one_of_three_lists(self):
        data = self.system().group_data()
        self.assertEqual(
            data["sysadmin-main"],
            {"id": 100205, "administrators": [100101], "sponsors": [], "users": [100104, 100106],
             "type": "system"},
        )

    def test_groups_are_as_they_were_a_quarter_of_an_hour_ago(self):
        system = self.system()
        system.group_data()
        self.simulator.order(do="approve", group="sysadmin-main", user="bob")
        self.assertNotIn(100102, system.group_data()["sysadmin-main"].users)
        self.simulator.order(do="advance", seconds=14 * 60)
        self.assertNotIn(100102, system.group_data()["sysadmin-main"].users)
        self.assertIn(100102, system.group_data(force_refresh=True)["sysadmin-main"].users)
        self.simulator.order(do="unapprove", group="sysadmin-main", user="bob")
        self.simulator.order(do="advance", seconds=15 * 60)
        self.assertNotIn(100102, system.group_data()["sysadmin-main"].users)

    def test_user_data_has_the_active_and_shows_keys_to_third_parties(self):
        def seen(user):
            data = self.system(user).user_data()
            self.assertEqual(sorted(data), sorted(["100001", "100002", "100003", "100101", "100102", "100103"]))
            self.assertEqual(data["100103"].human_name, "shy")
            return data["100101"].password, data["100101"].ssh_key

        keys = "ssh-ed25519 AAAA one\r\nssh-ed25519 BBBB two\n"
        self.assertEqual(seen(OURS), ("*", keys))
        self.assertEqual(seen(("bob", "pw")), ("*", ""))
        password, key = seen(("fasclient", "pw"))
        self.assertTrue(password.startswith("$6$"))
        self.assertEqual(key, keys)


class Configs(FedoraCase):
    def test_one_reads_and_sets_ones_own(self):
        ada = self.system(ADA)
        self.assertEqual(ada.get_config("ada", "openid", "trusted"), "no")
        self.assertIsNone(ada.get_config("ada", "openid", "missing"))
        self.assertEqual(ada.get_configs_like("ada", "openid", "TR*"), {"trusted": "no", "tried": "yes"})
        ada.set_config("ada", "openid", "trusted", "yes")
        self.assertEqual(ada.get_config("ada", "openid", "trusted"), "yes")

    def test_nobody_elses(self):
        for refused in (
            lambda: self.system().get_config("ada", "openid", "trusted"),
            lambda: self.system().set_config("ada", "openid", "trusted", "x"),
        ):
            with self.assertRaises(AppError) as raised:
                refused()
            self.assertEqual(raised.exception.name, "AuthorizationError")
        with self.assertRaises(AppError) as raised:
            self.system(ADA).set_config("ada", "shoes", "size", "9")
        self.assertEqual(raised.exception.name, "DBAPIError")


class Certificates(FedoraCase):
    def test_they_are_switched_off_which_the_client_does_not_expect(self):
        with self.assertRaises((KeyError, AttributeError, CLAError)):
            self.system().user_gencert()


class Transport(FedoraCase):
    def test_it_does_not_trust_an_unknown_authority(self):
        del os.environ["REQUESTS_CA_BUNDLE"]
        self.addCleanup(os.environ.__setitem__, "REQUESTS_CA_BUNDLE", "")
        with self.assertRaises(requests.exceptions.SSLError):
            self.proxy.verify_password(*ADA)

    def test_a_server_that_is_down_refuses(self):
        self.simulator.fault("down")
        with self.assertRaises(requests.exceptions.ConnectionError):
            self.proxy.verify_password(*ADA)
        self.simulator.fault()
        self.assertTrue(self.proxy.verify_password(*ADA))

    def test_no_fault_lets_anybody_in(self):
        session, _ = self.proxy.login(*OURS)
        for fault, error, code in [
            ("operation-failed", ServerError, 500),
            ("html-page", ServerError, 200),
            ("garbage", ServerError, 200),
            ("rate-limited=1", ServerError, 429),
            ("application-error", AppError, None),
            ("forbidden", AuthError, None),
            ("unauthorized", AuthError, None),
        ]:
            self.simulator.fault(fault)
            with self.assertRaises(error, msg=fault) as raised:
                self.proxy.login(*ADA)
            if code:
                self.assertEqual(raised.exception.code, code, fault)
        for fault in ("expired-sessions", "not-in-group"):
            self.simulator.fault(fault)
            self.assertFalse(self.proxy.verify_session(session), fault)
            self.proxy.login(*ADA)

    def test_the_client_drops_its_session_when_no_cookie_comes(self):
        system = self.system()
        system.user_id()
        self.assertTrue(system.session_id)
        self.simulator.fault("no-cookie")
        system.user_id()
        self.assertFalse(system.session_id)


if __name__ == "__main__":
    unittest.main()
