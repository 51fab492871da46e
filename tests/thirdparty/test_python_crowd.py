"""python-crowd (PyPI Crowd 3.1.0) against the simulated Crowd.

That package's own tests run against a stub that differs from the wire: it answers
200 to a new session (Crowd: 201), 404 to the end of an unknown one (Crowd: 204). Where
they differ, the wire document is right, and the test here says so.
"""

import unittest

import crowd
import requests
from simulator import SimulatorCase

PASSWORD = 'p&<"ä'


class PythonCrowdCase(SimulatorCase):
    def setUp(self):
        super().setUp()
        self.crowd = self.server()

    def server(self, name="hosts", password="app:secret"):
        return crowd.CrowdServer(
            self.simulator.url, name, password, ssl_verify=self.simulator.authority, timeout=20
        )


class TheApplication(PythonCrowdCase):
    def test_is_let_in_with_its_password_only(self):
        self.assertTrue(self.crowd.auth_ping())
        self.assertFalse(self.server(password="wrong").auth_ping())
        self.assertFalse(self.server(name="nobody").auth_ping())
        self.assertFalse(self.server(name="elsewhere", password="pw").auth_ping())

    def test_is_remembered_by_a_cookie(self):
        self.assertTrue(self.crowd.auth_ping())
        self.assertTrue(self.crowd.auth_ping())
        cookies = [request["cookie"] for request in self.simulator.order(do="requests")]
        self.assertEqual(cookies, [False, True])

    def test_learns_how_the_cookie_of_single_sign_on_is_made(self):
        config = self.crowd.get_cookie_conf()
        self.assertEqual(config["name"], "crowd.token_key")
        self.assertIs(config["secure"], True)

    def test_does_not_trust_an_unknown_authority(self):
        stranger = crowd.CrowdServer(self.simulator.url, "hosts", "app:secret")
        with self.assertRaises(requests.exceptions.SSLError):
            stranger.auth_ping()


class Authentication(PythonCrowdCase):
    def test_the_right_password_gives_the_user_as_stored(self):
        self.assertEqual(self.crowd.auth_user("ada", PASSWORD)["display-name"], "Ada Lovelace")
        self.assertEqual(self.crowd.auth_user("aLEE", "pw")["name"], "ALee")
        self.assertEqual(self.crowd.auth_user("bob b@X", "pw")["name"], "Bob B@x")

    def test_everything_else_gives_nobody(self):
        for name, password in [
            ("ada", "wrong"), ("ada", ""), ("nobody", "pw"), ("gone", "pw"), ("old", "pw"),
        ]:
            self.assertIsNone(self.crowd.auth_user(name, password), name)

    def test_only_members_of_the_applications_groups_get_in(self):
        staff_only = self.server("staff-only", "pw")
        self.assertIsNotNone(staff_only.auth_user("alee", "pw"))
        self.assertIsNone(staff_only.auth_user("mute", "pw"))
        self.assertIsNotNone(self.crowd.auth_user("mute", "pw"))


class Users(PythonCrowdCase):
    def test_a_user_comes_with_attributes(self):
        user = self.crowd.get_user("ADA")
        self.assertEqual((user["name"], user["key"], user["active"]), ("ada", "32769:ada", True))
        attributes = {a["name"]: a["values"] for a in user["attributes"]["attributes"]}
        self.assertEqual(attributes["uidNumber"], ["20001"])
        self.assertEqual(attributes["sshPublicKey"], ["ssh-ed25519 one", "ssh-ed25519 two"])
        self.assertIsNone(self.crowd.get_user("nobody"))
        self.assertTrue(self.crowd.user_exists("Bob B@x"))
        self.assertIsNone(self.crowd.user_exists("nobody"))

    def test_a_user_is_made_once(self):
        made = dict(password="first", email="new@example.org", first_name="New")
        self.assertTrue(self.crowd.add_user("New One", **made))
        user = self.crowd.get_user("new one")
        self.assertEqual((user["first-name"], user["email"]), ("New", "new@example.org"))
        self.assertIsNotNone(self.crowd.auth_user("new one", "first"))
        self.assertFalse(self.crowd.add_user("NEW ONE", password="x2", email="x"))
        with self.assertRaisesRegex(RuntimeError, "already exists"):
            self.crowd.add_user("new one", raise_on_error=True, password="x2", email="x")

    def test_a_user_is_switched_off_and_on(self):
        self.assertTrue(self.crowd.set_active("alee", False))
        self.assertIsNone(self.crowd.auth_user("alee", "pw"))
        self.assertTrue(self.crowd.set_active("alee", True))
        self.assertIsNotNone(self.crowd.auth_user("alee", "pw"))
        self.assertIsNone(self.crowd.set_active("nobody", True))

    def test_an_attribute_is_set(self):
        self.assertTrue(self.crowd.set_user_attribute("ada", "loginShell", "/bin/zsh"))
        attributes = self.crowd.get_user("ada")["attributes"]["attributes"]
        values = {a["name"]: a["values"] for a in attributes}
        self.assertEqual(values["loginShell"], ["/bin/zsh"])
        self.assertEqual(values["uidNumber"], ["20001"])
        self.assertFalse(self.crowd.set_user_attribute("nobody", "a", "b"))

    def test_a_password_is_changed_within_the_policy(self):
        self.assertTrue(self.crowd.change_password("old", "fresh"))
        self.assertIsNotNone(self.crowd.auth_user("old", "fresh"))
        self.assertIsNone(self.crowd.auth_user("old", "pw"))
        self.assertFalse(self.crowd.change_password("old", "x"))
        self.assertFalse(self.crowd.change_password("nobody", "fresh"))

    def test_a_reset_mail_needs_an_address(self):
        self.assertTrue(self.crowd.send_password_reset_link("ada"))
        self.assertFalse(self.crowd.send_password_reset_link("mute"))
        self.assertFalse(self.crowd.send_password_reset_link("nobody"))

    def test_an_application_without_permissions_changes_nothing(self):
        reader = self.server("reader", "pw")
        self.assertFalse(reader.add_user("x", password="pw", email="x"))
        self.assertFalse(reader.change_password("ada", "fresh"))
        self.assertFalse(reader.add_user_to_group("ada", "alone"))
        self.assertIsNotNone(reader.get_user("ada"))


class Groups(PythonCrowdCase):
    def test_a_group_is_made_changed_and_removed(self):
        self.assertIsNone(self.crowd.create_group("New Group", description="fresh"))
        self.assertIn("already exists", self.crowd.create_group("new group"))
        self.assertIsNone(self.crowd.update_group("new group", {"description": "newer"}))
        found = self.crowd.search("group", "name", "New Group")["groups"]
        self.assertEqual([group["description"] for group in found], ["newer"])
        self.assertIsNone(self.crowd.remove_group("NEW group"))
        self.assertIn("does not exist", self.crowd.remove_group("new group"))

    def test_users_join_and_leave(self):
        self.assertTrue(self.crowd.add_user_to_group("ada", "Alone"))
        self.assertEqual(self.crowd.get_groups("ADA"), ["alone", "dev team"])
        self.assertFalse(self.crowd.add_user_to_group("ada", "alone"))
        self.assertFalse(self.crowd.add_user_to_group("ada", "no group"))
        self.assertTrue(self.crowd.remove_user_from_group("ada", "alone"))
        self.assertFalse(self.crowd.remove_user_from_group("ada", "alone"))
        self.assertEqual(self.crowd.get_groups("ada"), ["dev team"])
        self.assertIsNone(self.crowd.get_groups("nobody"))

    def test_nesting_is_followed_through_a_cycle(self):
        self.assertEqual(self.crowd.get_nested_groups("ada"), ["dev team", "leaf", "Staff"])
        everybody = ["ada", "ALee", "Bob B@x", "old"]
        self.assertEqual(self.crowd.get_nested_group_users("staff"), everybody)
        self.assertEqual(self.crowd.get_nested_group_users("alone"), [])
        self.assertIsNone(self.crowd.get_nested_group_users("no group"))

    def test_groups_join_and_leave_groups(self):
        self.assertIsNone(self.crowd.add_child_group("leaf", "alone"))
        self.assertIn("ALee", self.crowd.get_nested_group_users("alone"))
        self.assertIsNotNone(self.crowd.add_child_group("leaf", "alone"))
        self.assertIsNotNone(self.crowd.add_child_group("no group", "alone"))
        self.assertIsNone(self.crowd.remove_child_group("leaf", "alone"))
        self.assertEqual(self.crowd.get_nested_group_users("alone"), [])

    def test_all_memberships_come_at_once_and_are_direct(self):
        self.assertEqual(
            self.crowd.get_memberships(),
            {
                "Staff": {"users": ["old"], "groups": ["dev team"]},
                "dev team": {"users": ["ada"], "groups": ["leaf"]},
                "leaf": {"users": ["ALee", "Bob B@x"], "groups": ["Staff"]},
                "alone": {"users": [], "groups": []},
            },
        )


class Search(PythonCrowdCase):
    def names(self, *arguments, **options):
        return [user["name"] for user in self.crowd.search(*arguments, **options)["users"]]

    def test_users_are_found_by_a_property(self):
        # It posts XML and asks for JSON.
        self.assertEqual(self.names("user", "email", "@EXAMPLE.com"), ["Bob B@x"])
        self.assertEqual(self.names("user", "name", "a"), ["ada", "ALee"])
        self.assertEqual(self.names("user", "uidNumber", "20001"), ["ada"])
        self.assertIsNone(self.crowd.search("planet", "name", "a"))

    def test_pages_follow_each_other(self):
        everybody = self.names("user", "name", "")
        pages = [self.names("user", "name", "", start_index=i, max_results=4) for i in (0, 4, 8)]
        self.assertEqual([len(page) for page in pages], [4, 2, 0])
        self.assertEqual(sum(pages, []), everybody)


class ManyUsers(PythonCrowdCase):
    population = ("--generate", "2500x3")

    def test_a_list_without_a_limit_ends_at_a_thousand(self):
        server = self.server("muster", "muster-secret")
        url = server.rest_url + "/search"
        names = [u["name"] for u in server._get(url, params={"entity-type": "user"}).json()["users"]]
        self.assertEqual(len(names), 1000)
        self.assertEqual(len(server.search("user", "name", "user")["users"]), 2500)


class Sessions(PythonCrowdCase):
    def test_a_session_is_made_validated_and_ended(self):
        session = self.crowd.get_session("ada", PASSWORD, remote="192.0.2.7")
        self.assertEqual(session["user"]["name"], "ada")
        token = session["token"]
        valid = self.crowd.validate_session(token, remote="192.0.2.7")
        self.assertEqual(valid["user"]["email"], "ada@example.org")
        self.assertIsNone(self.crowd.validate_session(token, remote="192.0.2.8"))
        self.assertIsNone(self.crowd.validate_session(token, remote="192.0.2.7", proxy="10.0.0.1"))
        self.assertTrue(self.crowd.terminate_session(token))
        self.assertIsNone(self.crowd.validate_session(token, remote="192.0.2.7"))
        # The package's stub says 404 here; Crowd says 204.
        self.assertTrue(self.crowd.terminate_session(token))

    def test_a_new_session_is_created_and_not_merely_ok(self):
        # The package's stub says 200 here; Crowd says 201 and where.
        response = self.crowd._post(
            self.crowd.rest_url + "/session", json={"username": "alee", "password": "pw"}
        )
        self.assertEqual(response.status_code, 201)
        self.assertIn("/session/", response.headers["Location"])

    def test_no_session_without_the_password_and_the_group(self):
        self.assertIsNone(self.crowd.get_session("ada", "wrong"))
        self.assertIsNone(self.crowd.get_session("gone", "pw"))
        self.assertIsNone(self.server("staff-only", "pw").get_session("mute", "pw"))

    def test_a_session_ends_by_itself(self):
        token = self.crowd.get_session("alee", "pw")["token"]
        self.simulator.order(do="advance", seconds=1700)
        self.assertIsNotNone(self.crowd.validate_session(token))
        self.simulator.order(do="advance", seconds=1700)
        self.assertIsNotNone(self.crowd.validate_session(token))
        self.simulator.order(do="advance", seconds=1900)
        self.assertIsNone(self.crowd.validate_session(token))


class Faults(PythonCrowdCase):
    def test_a_server_that_is_down_refuses_connections_and_comes_back(self):
        self.assertTrue(self.crowd.auth_ping())
        self.simulator.fault("down")
        with self.assertRaises(requests.exceptions.ConnectionError):
            self.crowd.auth_user("alee", "pw")
        self.simulator.fault()
        self.assertIsNotNone(self.crowd.auth_user("alee", "pw"))

    def test_no_fault_lets_anybody_in(self):
        for fault in ["operation-failed", "forbidden", "unauthorized", "rate-limited=1", "limited"]:
            self.simulator.fault(fault)
            self.assertIsNone(self.crowd.auth_user("alee", "pw"), fault)
        for fault in ["html-page", "garbage", "truncated"]:
            self.simulator.fault(fault)
            with self.assertRaises(requests.exceptions.RequestException, msg=fault):
                self.crowd.auth_user("alee", "pw")


if __name__ == "__main__":
    unittest.main()
