//! Finding where the file of an image is uploaded to.

use crate::{Context, Perform, Service, ServiceError};
use imprint_api::{GetUploadImageJobDetails, UploadJob, UploadJobsReply};
use imprint_jobs::UploadState;

impl Perform<GetUploadImageJobDetails> for Service {
    async fn perform(
        &self,
        context: Context,
        operation: GetUploadImageJobDetails,
    ) -> Result<UploadJobsReply, ServiceError> {
        let caller = context.caller()?;
        let Ok(image) = operation.image_id.parse() else { return Ok(UploadJobsReply::new(Vec::new())) };
        // Whoever has the link may send the image: only its owner learns it. One that could not be made has none any more.
        let owner = self.metadata.image(image).await?.map(|row| row.account);
        let Some(upload) = self.jobs.upload_of(image, owner) else { return Ok(UploadJobsReply::new(Vec::new())) };
        if !caller.administrator && upload.account != caller.account {
            return Ok(UploadJobsReply::new(Vec::new()));
        }
        let state = match upload.progress.state {
            UploadState::Receiving | UploadState::Writing => "Running",
            UploadState::Ready => "Succeeded",
            UploadState::Failed { .. } => "Failed",
        };
        Ok(UploadJobsReply::new(vec![UploadJob {
            long_job_uuid: upload.job.to_string(),
            long_job_state: state.to_owned(),
            image_uuid: image.to_string(),
            image_upload_url: upload.url,
            offset: upload.progress.offset,
        }]))
    }
}
