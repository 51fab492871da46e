"""Makes the calls that standard input lists through python-fedora, one JSON line each.

A line is `{"who": [name, password], "call": name, "arguments": [...]}`; the answer is
`{"value": ...}`, or `{"error": class}` if the call raised.
"""

import json
import os
import sys
import tempfile
import warnings

from fedora.client import baseclient
from fedora.client.fas2 import AccountSystem
from fedora.client.fasproxy import FasProxyClient

warnings.simplefilter("ignore")
# It pickles sessions below the home folder, also when told not to.
folder = tempfile.TemporaryDirectory()
baseclient.b_SESSION_FILE = os.path.join(folder.name, "session").encode()
url = sys.argv[1]
proxy = FasProxyClient(url)


def with_session(who, use):
    """What `use` makes of a fresh session."""
    session, _ = proxy.login(*who)
    return use(session)


def logged_out(session):
    proxy.logout(session)
    return proxy.verify_session(session)


def refreshed(session):
    now, _ = proxy.refresh_session(session)
    return now == session


PROXIED = {
    "login": lambda who, *_: proxy.login(*who)[1]["user"],
    "logout": lambda who, *_: with_session(who, logged_out),
    "verify_password": lambda who, name, password: proxy.verify_password(name, password),
    "verify_session": lambda who, *_: with_session(who, proxy.verify_session),
    "refresh_session": lambda who, *_: with_session(who, refreshed),
    "get_user_info": lambda who, *_: with_session(
        who, lambda session: proxy.get_user_info({"session_id": session})[1]
    ),
    "group_list": lambda who, *_: with_session(
        who, lambda session: proxy.group_list({"session_id": session})[1]
    ),
}


def ask(who, call, arguments):
    if call in PROXIED:
        return PROXIED[call](who, *arguments)
    system = AccountSystem(url, username=who[0], password=who[1], cache_session=False)
    return getattr(system, call)(*arguments)


for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"value": ask(asked["who"], asked["call"], asked["arguments"])}
    except Exception as error:
        answer = {"error": type(error).__name__}
    print(json.dumps(answer), flush=True)
