//! The server's time.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{GetCurrentTime, GetCurrentTimeReply};
use std::collections::BTreeMap;

impl Perform<GetCurrentTime> for Service {
    async fn perform(&self, _: Context, _: GetCurrentTime) -> Result<GetCurrentTimeReply, ServiceError> {
        let now = self.clock.now().0;
        let current_time =
            BTreeMap::from([("MillionSeconds".to_owned(), now), ("Seconds".to_owned(), now.div_euclid(1000))]);
        Ok(GetCurrentTimeReply { current_time })
    }
}
