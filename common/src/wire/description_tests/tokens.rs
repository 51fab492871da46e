//! The interface of the host's own registry.

use super::*;

fn text() -> Option<String> {
    Some(String::new())
}

fn password() -> Password {
    Password(String::new().into())
}

fn reply() -> [TokenReply; 1] {
    [TokenReply {
        token: Some(password()),
        uid: Some(0),
        note: text(),
        ..TokenReply::default()
    }]
}

#[test]
fn calls_about_one_account_have_exactly_the_described_fields() {
    let register = RegisterToken {
        directory: text(),
        full_name: text(),
        uid: Some(0),
        expires_after: Some(0),
        uses: Some(0),
        fixie: Some(true),
        ..RegisterToken::default()
    };
    check(&register, &reply());
    let (directory, user) = (text(), String::new());
    let verify = VerifyToken {
        directory: directory.clone(),
        user: user.clone(),
        token: password(),
    };
    check(&verify, &reply());
    let reset = ResetToken {
        directory: directory.clone(),
        expires_after: Some(0),
        uses: Some(0),
        fixie: Some(true),
        ..ResetToken::default()
    };
    check(&reset, &reply());
    let deregister = DeregisterToken {
        directory: directory.clone(),
        user: user.clone(),
    };
    check(&deregister, &reply());
    let unlock = UnlockToken {
        directory: directory.clone(),
        user: user.clone(),
    };
    check(&unlock, &reply());
    let groups = SetTokenGroups {
        directory: directory.clone(),
        ..SetTokenGroups::default()
    };
    check(&groups, &reply());
    let set = SetTokenPassword {
        directory,
        user,
        password: Some(password()),
    };
    check(&set, &reply());
}

#[test]
fn calls_about_many_accounts_have_exactly_the_described_fields() {
    let list = ListTokens {
        directory: text(),
        user: text(),
        after: text(),
    };
    check(&list, &[ListTokensReply::default()]);
    let import = ImportFixie {
        directory: text(),
        more: Some(true),
        ..ImportFixie::default()
    };
    let imported = ImportFixieReply {
        note: text(),
        ..ImportFixieReply::default()
    };
    check(&import, &[imported]);
    let export = ExportFixie {
        directory: text(),
        after: text(),
    };
    let exported = ExportFixieReply {
        last: text(),
        ..ExportFixieReply::default()
    };
    check(&export, &[exported]);
    let account = TokenAccount {
        uid: Some(0),
        last_used: Some(0),
        expires: Some(0),
        uses_left: Some(0),
        ..TokenAccount::default()
    };
    check_type("org.muster1.Tokens", "TokenAccount", &account);
    check_type("org.muster1.Tokens", "FixieEntry", &FixieEntry::default());
}
