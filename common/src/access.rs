//! Who may log in where: one engine, used by the snapshot, logins and `explain`.
