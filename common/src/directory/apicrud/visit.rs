//! A session that is open at the server, and is ended there when nobody holds it any more,
//! however that comes about.

use std::sync::Arc;

use super::client::Client;
use super::session::Session;

/// An open session.
#[derive(Debug)]
pub(super) struct Visit {
    client: Arc<Client>,
    session: Arc<Session>,
}

impl Visit {
    pub(super) fn new(client: &Arc<Client>, session: Session) -> Self {
        Self {
            client: Arc::clone(client),
            session: Arc::new(session),
        }
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }
}

impl Drop for Visit {
    /// Behind the back of whoever waits for a verdict.
    fn drop(&mut self) {
        let (client, session) = (Arc::clone(&self.client), Arc::clone(&self.session));
        // Without a runtime nothing was asked, and nothing can be.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { client.log_out(&session.person, &session.key).await });
        }
    }
}
