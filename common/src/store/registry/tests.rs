//! Accounts kept, and decisions about their secrets.

use super::*;
use crate::registry::fixie;

const NOW: Time = Time::from_unix(1000);

struct Host {
    store: Store,
    local: DirectoryName,
    ada: UserName,
}

fn proof(token: &str) -> Proof {
    Proof::Fixie(fixie::hash(token.as_bytes()).unwrap())
}

impl Host {
    /// A host with ada, whose token `a1` has these terms.
    fn new(terms: Terms) -> Self {
        let this = Self {
            store: Store::in_memory().unwrap(),
            local: DirectoryName::new("local").unwrap(),
            ada: UserName::new("ada").unwrap(),
        };
        assert!(this.register("1", terms));
        this
    }

    fn register(&self, key: &str, terms: Terms) -> bool {
        let account = Account {
            name: self.ada.clone(),
            key: ImmutableKey::given(key),
            email: "ada@example.org".to_owned(),
            full_name: "Ada Lovelace".to_owned(),
            uid: Some(20_001),
            groups: vec![GroupName::new("ops").unwrap()],
            registered: NOW,
            last_used: None,
            failures: 0,
            token: Some(terms),
            has_password: false,
        };
        let new = NewAccount {
            account,
            token: proof("a1"),
        };
        self.store.register(&self.local, &new).unwrap()
    }

    fn place(&self) -> Place<'_> {
        Place {
            directory: &self.local,
            name: &self.ada,
        }
    }

    fn decide(&self, compared: Compared<'_>) -> Decision {
        let decided = self.store.decide(self.place(), compared, Some(3), NOW);
        decided.unwrap()
    }

    fn account(&self) -> Account {
        self.store.kept(self.place()).unwrap().unwrap().account
    }
}

#[test]
fn an_account_is_kept_as_it_was_registered_and_a_name_is_taken_once() {
    let terms = Terms {
        expires: Some(Time::from_unix(2000)),
        uses_left: Some(7),
    };
    let host = Host::new(terms);
    let ada = host.account();
    let all = host.store.accounts(&host.local).unwrap();
    assert_eq!(all, std::slice::from_ref(&ada));
    assert_eq!(ada.token, Some(terms));
    assert_eq!(ada.groups, [GroupName::new("ops").unwrap()]);
    assert_eq!(
        (ada.uid, ada.email.as_str()),
        (Some(20_001), "ada@example.org")
    );
    assert!(!host.register("2", Terms::default()));
    assert_eq!(host.account().key, ImmutableKey::given("1"));
    let other = DirectoryName::new("other").unwrap();
    assert_eq!(host.store.accounts(&other).unwrap(), []);
}

#[test]
fn a_token_serves_as_often_as_it_may_and_not_once_more() {
    let host = Host::new(Terms {
        expires: None,
        uses_left: Some(2),
    });
    let token = proof("a1");
    let left = |left| Terms {
        expires: None,
        uses_left: Some(left),
    };
    assert_eq!(
        host.decide(Compared::Token(&token)),
        Decision::Valid(left(1))
    );
    assert_eq!(
        host.decide(Compared::Token(&token)),
        Decision::Valid(left(0))
    );
    let spent = Decision::Spent(Spent::UsedUp);
    assert_eq!(host.decide(Compared::Token(&token)), spent);
    assert_eq!(host.account().last_used, Some(NOW));
}

#[test]
fn a_token_that_was_replaced_meanwhile_proves_nothing() {
    let host = Host::new(Terms::default());
    let former = proof("a1");
    let replaced = host
        .store
        .replace_token(host.place(), &proof("b2"), Terms::default());
    assert!(replaced.unwrap());
    assert_eq!(host.decide(Compared::Token(&former)), Decision::Invalid);
    // A password is none of it either.
    assert_eq!(host.decide(Compared::Password(&former)), Decision::Invalid);
}

#[test]
fn wrong_ones_in_a_row_lock_the_account_until_it_is_unlocked() {
    let host = Host::new(Terms::default());
    let token = proof("a1");
    let right = Decision::Valid(Terms::default());
    for _ in 0..2 {
        assert_eq!(host.decide(Compared::Wrong), Decision::Invalid);
    }
    assert_eq!(host.decide(Compared::Token(&token)), right);
    for _ in 0..3 {
        assert_eq!(host.decide(Compared::Wrong), Decision::Invalid);
    }
    assert_eq!(host.decide(Compared::Token(&token)), Decision::Locked(3));
    assert!(host.store.unlock(host.place()).unwrap());
    assert_eq!(host.decide(Compared::Token(&token)), right);
}

#[test]
fn a_password_serves_beside_a_token_and_uses_none_of_it_up() {
    let host = Host::new(Terms {
        expires: Some(NOW),
        uses_left: Some(1),
    });
    let password = proof("c3");
    let set = |key: &str, password: Option<&Proof>| {
        let key = ImmutableKey::given(key);
        host.store
            .set_password(host.place(), &key, password)
            .unwrap()
    };
    assert!(!set("another", Some(&password)));
    assert!(set("1", Some(&password)));
    let valid = Decision::Valid(Terms::default());
    assert_eq!(host.decide(Compared::Password(&password)), valid);
    let ada = host.account();
    assert_eq!(
        (ada.has_password, ada.token.unwrap().uses_left),
        (true, Some(1))
    );
    let token = proof("a1");
    let expired = Decision::Spent(Spent::Expired(NOW));
    assert_eq!(host.decide(Compared::Token(&token)), expired);
    assert!(set("1", None));
    assert_eq!(
        host.decide(Compared::Password(&password)),
        Decision::Invalid
    );
}

#[test]
fn whoever_is_deregistered_is_unknown() {
    let host = Host::new(Terms::default());
    assert!(host.store.deregister(host.place()).unwrap());
    assert!(!host.store.deregister(host.place()).unwrap());
    assert_eq!(
        host.decide(Compared::Token(&proof("a1"))),
        Decision::Unknown
    );
    assert!(!host.store.unlock(host.place()).unwrap());
    assert!(!host.store.set_groups(host.place(), &[]).unwrap());
}
