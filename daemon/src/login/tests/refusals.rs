//! A no takes its time, whatever it is about, and a yes does not.

use futures_util::FutureExt as _;

use super::super::hold_refusal;
use super::*;

#[tokio::test]
async fn a_refusal_is_kept_back_for_half_a_second_and_a_login_is_not() {
    let now = tokio::time::Instant::now();
    let long_ago = now.checked_sub(LEAST_REFUSAL * 2).unwrap();
    for outcome in Outcome::ALL {
        let is_told = |started| {
            let judgement = Judgement::new(outcome, "");
            hold_refusal(started, &judgement).now_or_never().is_some()
        };
        let lets_in = matches!(outcome, Outcome::Granted | Outcome::GrantedOffline);
        assert_eq!(is_told(now), lets_in, "{outcome:?} at once");
        assert!(is_told(long_ago), "{outcome:?} in the end");
    }
}
