"""atlassian-python-api 5.0.5 against the simulated Crowd, through /latest.

Three of its calls do not follow the wire and are refused here as Crowd refuses them:
`session_create` names the user `userName`, `group_add_user` turns group and user
round, `user_store_attributes` puts where Crowd wants a post.
"""

import os
import unittest

import requests
from atlassian import Crowd
from simulator import SimulatorCase

PASSWORD = 'p&<"ä'


class AtlassianCase(SimulatorCase):
    def setUp(self):
        super().setUp()
        # The client has no setting for an authority of one's own.
        os.environ["REQUESTS_CA_BUNDLE"] = self.simulator.authority
        self.addCleanup(os.environ.pop, "REQUESTS_CA_BUNDLE", None)
        self.crowd = self.client()

    def client(self, name="hosts", password="app:secret"):
        return Crowd(self.simulator.url, name, password, timeout=20)

    def assertRefused(self, status, call, *arguments, **options):
        with self.assertRaises(requests.exceptions.HTTPError) as caught:
            call(*arguments, **options)
        self.assertEqual(caught.exception.response.status_code, status)
        return caught.exception.response

    def assertReason(self, status, reason, call, *arguments, **options):
        response = self.assertRefused(status, call, *arguments, **options)
        self.assertEqual(response.json()["reason"], reason)
        self.assertEqual(response.headers["X-Embedded-Crowd-Version"], "Crowd/5.1.0")


class TheApplication(AtlassianCase):
    def test_is_let_in_with_its_password_and_from_its_address_only(self):
        self.assertEqual(self.crowd.user("ada")["name"], "ada")
        self.assertRefused(401, self.client(password="wrong").user, "ada")
        self.assertRefused(401, self.client(name="nobody").user, "ada")
        self.assertRefused(403, self.client("elsewhere", "pw").user, "ada")

    def test_changes_nothing_without_permission(self):
        reader = self.client("reader", "pw")
        denied = "APPLICATION_PERMISSION_DENIED"
        self.assertReason(403, denied, reader.user_delete, "ada")
        self.assertReason(403, denied, reader.user_update_password, "ada", "fresh")
        self.assertReason(403, denied, reader.group_create, "x")


class Authentication(AtlassianCase):
    def test_each_outcome_has_its_reason(self):
        check = self.crowd.user_authenticate
        self.assertEqual(check("ADA", PASSWORD)["key"], "32769:ada")
        self.assertReason(400, "INVALID_USER_AUTHENTICATION", check, "ada", "wrong")
        self.assertReason(400, "USER_NOT_FOUND", check, "nobody", "pw")
        self.assertReason(400, "INACTIVE_ACCOUNT", check, "gone", "pw")
        self.assertReason(400, "EXPIRED_CREDENTIAL", check, "old", "pw")
        outside = self.client("staff-only", "pw").user_authenticate
        self.assertReason(400, "INVALID_USER_AUTHENTICATION", outside, "mute", "pw")

    def test_a_login_elsewhere_is_noted(self):
        self.assertEqual(self.crowd.user_authentication_notify("alee")["name"], "ALee")
        names = [a["name"] for a in self.crowd.user_attributes("alee")["attributes"]]
        self.assertIn("lastAuthenticated", names)


class Users(AtlassianCase):
    def test_a_user_is_made_changed_and_removed(self):
        made = self.crowd.user_create("new", True, "New", "One", "New One", "n@example.org", "pw")
        self.assertEqual((made["name"], made["display-name"]), ("new", "New One"))
        self.assertReason(
            400, "INVALID_USER",
            self.crowd.user_create, "NEW", True, "N", "O", "N O", "n@example.org", "pw",
        )
        self.crowd.user_update("new", {"name": "new", "email": "other@example.org"})
        self.assertEqual(self.crowd.user("new")["email"], "other@example.org")
        self.assertReason(400, "INVALID_USER", self.crowd.user_update, "new", {"name": "ada"})
        self.crowd.user_delete("New")
        self.assertReason(404, "USER_NOT_FOUND", self.crowd.user, "new")
        self.assertReason(404, "USER_NOT_FOUND", self.crowd.user_delete, "new")

    def test_a_user_is_switched_off_and_on(self):
        self.crowd.user_deactivate("alee")
        self.assertReason(400, "INACTIVE_ACCOUNT", self.crowd.user_authenticate, "alee", "pw")
        self.crowd.user_activate("alee")
        self.assertEqual(self.crowd.user_authenticate("alee", "pw")["active"], True)

    def test_a_password_is_changed_within_the_policy(self):
        self.crowd.user_update_password("alee", "fresh")
        self.assertEqual(self.crowd.user_authenticate("alee", "fresh")["name"], "ALee")
        self.assertReason(400, "INVALID_CREDENTIAL", self.crowd.user_update_password, "alee", "x")

    def test_attributes_are_empty_until_asked_for(self):
        self.assertEqual(self.crowd.user("ada")["attributes"]["attributes"], [])
        found = self.crowd.user_attributes("ada")["attributes"]
        self.assertEqual(
            {a["name"]: a["values"] for a in found},
            {"sshPublicKey": ["ssh-ed25519 one", "ssh-ed25519 two"], "uidNumber": ["20001"]},
        )
        self.crowd.user_remove_attribute("ada", "sshPublicKey")
        names = [a["name"] for a in self.crowd.user_attributes("ada")["attributes"]]
        self.assertEqual(names, ["uidNumber"])
        # The client puts; Crowd wants a post.
        self.assertRefused(405, self.crowd.user_store_attributes, "ada", {"attributes": []})

    def test_mails_need_an_address(self):
        self.crowd.user_request_password_reset("ada")
        self.assertReason(400, "INVALID_EMAIL", self.crowd.user_request_password_reset, "mute")
        self.crowd.user_request_usernames_reminder("ADA@example.org")


class Groups(AtlassianCase):
    def test_a_group_is_made_changed_and_removed(self):
        self.crowd.group_create("new", "fresh")
        self.assertEqual(self.crowd.group("NEW")["description"], "fresh")
        self.assertReason(400, "INVALID_GROUP", self.crowd.group_create, "New")
        change = {"name": "new", "type": "GROUP", "description": "newer", "active": False}
        self.assertEqual(self.crowd.group_update("new", change)["active"], False)
        self.crowd.group_delete("new")
        self.assertReason(404, "GROUP_NOT_FOUND", self.crowd.group, "new")

    def test_members_are_listed_probed_and_removed(self):
        self.assertEqual(self.crowd.group_members("leaf"), ["ALee", "Bob B@x"])
        self.assertEqual(self.crowd.group_members("leaf", max_results=1), ["ALee"])
        self.assertEqual(self.crowd.user_groups("alee"), ["leaf"])
        self.assertTrue(self.crowd.is_user_in_group("alee", "LEAF"))
        self.assertFalse(self.crowd.is_user_in_group("alee", "Staff"))
        self.assertTrue(self.crowd.is_user_in_group("alee", "Staff", kind="nested"))
        self.crowd.group_remove_user("alee", "leaf")
        self.assertReason(
            404, "MEMBERSHIP_NOT_FOUND", self.crowd.group_remove_user, "alee", "leaf"
        )
        # The client sends the group where Crowd wants the user.
        self.assertReason(400, "ILLEGAL_ARGUMENT", self.crowd.group_add_user, "alee", "leaf")

    def test_nesting_goes_both_ways_and_round(self):
        self.assertEqual(self.crowd.nested_group_members("dev team"), ["ada", "ALee", "Bob B@x", "old"])
        self.assertEqual(self.crowd.nested_user_groups("old"), ["dev team", "leaf", "Staff"])
        self.assertEqual(self.crowd.group_child_groups("staff"), ["dev team"])
        self.assertEqual(self.crowd.nested_group_child_groups("staff"), ["dev team", "leaf"])
        self.assertEqual(self.crowd.group_parent_groups("leaf"), ["dev team"])
        self.assertEqual(self.crowd.nested_group_parent_groups("leaf"), ["dev team", "Staff"])

    def test_groups_join_and_leave_groups(self):
        self.crowd.group_add_child_group("alone", "leaf")
        self.assertEqual(self.crowd.group_child_groups("alone"), ["leaf"])
        self.assertReason(
            409, "MEMBERSHIP_ALREADY_EXISTS", self.crowd.group_add_child_group, "alone", "leaf"
        )
        self.assertReason(
            400, "GROUP_NOT_FOUND", self.crowd.group_add_child_group, "alone", "no group"
        )
        self.assertReason(
            404, "GROUP_NOT_FOUND", self.crowd.group_add_child_group, "no group", "leaf"
        )
        self.crowd.group_remove_child_group("alone", "leaf")
        self.crowd.group_add_parent_group("alone", "Staff")
        self.assertEqual(self.crowd.group_child_groups("staff"), ["alone", "dev team"])

    def test_all_memberships_come_at_once(self):
        self.assertEqual(
            self.crowd.memberships,
            {"Staff": ["old"], "dev team": ["ada"], "leaf": ["ALee", "Bob B@x"], "alone": []},
        )


class Events(AtlassianCase):
    """The package has no call for events; its transport reads them all the same."""

    def get(self, token=""):
        return self.crowd.get("/rest/usermanagement/latest/event" + token)

    def test_a_first_token_is_json(self):
        first = self.get()
        self.assertIs(first["incrementalSynchronisationAvailable"], True)
        self.crowd.user_deactivate("alee")
        self.crowd.group_add_child_group("alone", "leaf")
        events = self.get("/" + requests.utils.quote(first["newEventToken"], safe=""))["events"]
        self.assertEqual([list(event) for event in events], [["userEvent"], ["groupMembershipEvent"]])

    def test_a_server_from_before_events_has_none(self):
        self.simulator.order(do="set-events", store="absent")
        with self.assertRaises(requests.exceptions.HTTPError):
            self.get()


class Search(AtlassianCase):
    def names(self, found, kind="users"):
        return [entry["name"] for entry in found[kind]]

    def test_cql_finds_users_and_groups(self):
        search = self.crowd.search_cql
        self.assertEqual(len(self.names(search("user"))), 6)
        self.assertEqual(self.names(search("user", 'name = "a*" and active = true')), ["ada", "ALee"])
        self.assertEqual(self.names(search("user", "active = false")), ["gone"])
        self.assertEqual(self.names(search("group", "name = *ea*"), "groups"), ["dev team", "leaf"])
        self.assertReason(400, "ILLEGAL_ARGUMENT", search, "user", "name =")
        self.assertReason(400, "ILLEGAL_ARGUMENT", search, "planet")

    def test_restrictions_in_json_find_the_same(self):
        def of(name, mode, value):
            return {
                "restriction-type": "property-search-restriction",
                "property": {"name": name, "type": "STRING"},
                "match-mode": mode,
                "value": value,
            }

        either = {
            "restriction-type": "boolean-search-restriction",
            "boolean-logic": "or",
            "restrictions": [
                of("email", "EXACTLY_MATCHES", "ADA@example.org"),
                of("name", "STARTS_WITH", "go"),
            ],
        }
        self.assertEqual(self.names(self.crowd.search("user", either)), ["ada", "gone"])
        everybody = {"restriction-type": "null-search-restriction"}
        page = self.crowd.search("user", everybody, start_index=2, max_results=2)
        self.assertEqual(self.names(page), ["Bob B@x", "gone"])
        # The client posts {} without a restriction; Crowd wants one.
        self.assertReason(400, "ILLEGAL_ARGUMENT", self.crowd.search, "user")


class Sessions(AtlassianCase):
    def create(self, name, password):
        # `session_create` says userName, which Crowd does not know.
        path = "/rest/usermanagement/latest/session"
        return self.crowd.post(path, data={"username": name, "password": password})["token"]

    def test_a_session_is_made_validated_read_and_ended(self):
        self.assertReason(400, "ILLEGAL_ARGUMENT", self.crowd.session_create, "alee", "pw")
        token = self.create("alee", "pw")
        self.assertEqual(self.crowd.session_validate(token)["user"]["name"], "ALee")
        self.assertEqual(self.crowd.session_get(token)["token"], token)
        self.crowd.session_delete(token)
        self.assertReason(404, "INVALID_SSO_TOKEN", self.crowd.session_get, token)

    def test_all_sessions_of_a_user_end_but_one(self):
        tokens = [self.create("alee", "pw") for _ in range(3)]
        other = self.create("Bob B@x", "pw")
        self.crowd.session_delete_user_tokens("ALEE", exclude=tokens[1])
        for token in (tokens[1], other):
            self.assertEqual(self.crowd.session_get(token)["token"], token)
        for token in (tokens[0], tokens[2]):
            self.assertReason(404, "INVALID_SSO_TOKEN", self.crowd.session_get, token)


if __name__ == "__main__":
    unittest.main()
