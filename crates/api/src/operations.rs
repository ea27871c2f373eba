//! Every operation, one file each. A new one is its file and its line in the one list here: routing, validation, the
//! OpenAPI document, client and server are generic over the list.

// `$dollar` carries a dollar sign into the macro that this one writes.
macro_rules! operations {
    ($dollar:tt operations: [$($operation_file:ident::$operation:ident,)+] queries: [$($query_file:ident::$query:ident,)+]) => {
        $(mod $operation_file;)+
        $(mod $query_file;)+
        $(pub use $operation_file::$operation;)+
        $(pub use $query_file::$query;)+

        /// Calls a macro with the names of all operations but the queries, separated by commas.
        #[macro_export]
        macro_rules! for_each_operation {
            ($dollar callback:ident) => {
                $dollar callback! { $($operation,)+ }
            };
        }

        /// Calls a macro with the names of all queries, separated by commas.
        #[macro_export]
        macro_rules! for_each_query {
            ($dollar callback:ident) => {
                $dollar callback! { $($query,)+ }
            };
        }

        /// The descriptions of all operations but the queries, in the order of [`for_each_operation`](crate::for_each_operation).
        pub(crate) fn describe_operations() -> Vec<crate::OperationDescription> {
            vec![$(crate::OperationDescription::of::<$operation>(),)+]
        }

        /// The descriptions of all queries.
        pub(crate) fn describe_queries() -> Vec<crate::QueryDescription> {
            vec![$(crate::QueryDescription::of::<$query>(),)+]
        }
    };
}

operations! { $
    operations: [
    log_in_by_account::LogInByAccount,
    log_out::LogOut,
    validate_session::ValidateSession,
    get_version::GetVersion,
    create_access_key::CreateAccessKey,
    change_access_key_state::ChangeAccessKeyState,
    delete_access_key::DeleteAccessKey,
    add_image_store_backup_storage::AddImageStoreBackupStorage,
    get_backup_storage_capacity::GetBackupStorageCapacity,
    update_backup_storage::UpdateBackupStorage,
    update_image_store_backup_storage::UpdateImageStoreBackupStorage,
    change_backup_storage_state::ChangeBackupStorageState,
    reconnect_backup_storage::ReconnectBackupStorage,
    reconnect_image_store_backup_storage::ReconnectImageStoreBackupStorage,
    delete_backup_storage::DeleteBackupStorage,
    get_backup_storage_types::GetBackupStorageTypes,
    reclaim_space_from_image_store::ReclaimSpaceFromImageStore,
    get_trash_on_backup_storage::GetTrashOnBackupStorage,
    clean_up_trash_on_backup_storage::CleanUpTrashOnBackupStorage,
    set_image_store_backup_storage_quota::SetImageStoreBackupStorageQuota,
    attach_backup_storage_to_zone::AttachBackupStorageToZone,
    detach_backup_storage_from_zone::DetachBackupStorageFromZone,
    update_primary_storage::UpdatePrimaryStorage,
    change_primary_storage_state::ChangePrimaryStorageState,
    delete_primary_storage::DeletePrimaryStorage,
    get_primary_storage_capacity::GetPrimaryStorageCapacity,
    get_primary_storage_types::GetPrimaryStorageTypes,
    add_local_primary_storage::AddLocalPrimaryStorage,
    create_data_volume::CreateDataVolume,
    create_volume_backup::CreateVolumeBackup,
    delete_volume_backup::DeleteVolumeBackup,
    revert_volume_from_volume_backup::RevertVolumeFromVolumeBackup,
    create_data_volume_from_volume_backup::CreateDataVolumeFromVolumeBackup,
    create_data_volume_from_volume_template::CreateDataVolumeFromVolumeTemplate,
    update_volume::UpdateVolume,
    change_volume_state::ChangeVolumeState,
    delete_data_volume::DeleteDataVolume,
    recover_data_volume::RecoverDataVolume,
    expunge_data_volume::ExpungeDataVolume,
    resize_data_volume::ResizeDataVolume,
    sync_volume_size::SyncVolumeSize,
    flatten_volume::FlattenVolume,
    get_volume_format::GetVolumeFormat,
    get_volume_capabilities::GetVolumeCapabilities,
    attach_data_volume_to_vm::AttachDataVolumeToVm,
    detach_data_volume_from_vm::DetachDataVolumeFromVm,
    create_vm_backup::CreateVmBackup,
    delete_vm_backup::DeleteVmBackup,
    revert_vm_from_vm_backup::RevertVmFromVmBackup,
    create_vm_from_vm_backup::CreateVmFromVmBackup,
    create_vm_from_volume_backup::CreateVmFromVolumeBackup,
    sync_vm_backup_from_image_store_backup_storage::SyncVmBackupFromImageStoreBackupStorage,
    recover_vm_backup_from_image_store_backup_storage::RecoverVmBackupFromImageStoreBackupStorage,
    create_data_volume_template_from_volume_backup::CreateDataVolumeTemplateFromVolumeBackup,
    create_root_volume_template_from_volume_backup::CreateRootVolumeTemplateFromVolumeBackup,
    add_image::AddImage,
    get_upload_image_job_details::GetUploadImageJobDetails,
    create_data_volume_template_from_volume::CreateDataVolumeTemplateFromVolume,
    create_root_volume_template_from_root_volume::CreateRootVolumeTemplateFromRootVolume,
    update_image::UpdateImage,
    change_image_state::ChangeImageState,
    delete_image::DeleteImage,
    recover_image::RecoverImage,
    expunge_image::ExpungeImage,
    export_image_from_backup_storage::ExportImageFromBackupStorage,
    delete_exported_image_from_backup_storage::DeleteExportedImageFromBackupStorage,
    sync_backup_from_image_store_backup_storage::SyncBackupFromImageStoreBackupStorage,
    recover_backup_from_image_store_backup_storage::RecoverBackupFromImageStoreBackupStorage,
    backup_storage_migrate_image::BackupStorageMigrateImage,
    sync_image_from_image_store_backup_storage::SyncImageFromImageStoreBackupStorage,
    recovery_image_from_image_store_backup_storage::RecoveryImageFromImageStoreBackupStorage,
    calculate_image_hash::CalculateImageHash,
    sync_image_size::SyncImageSize,
    get_images_from_image_store_backup_storage::GetImagesFromImageStoreBackupStorage,
    sync_volume_backup::SyncVolumeBackup,
    sync_image::SyncImage,
    sync_vm_backup::SyncVmBackup,
    renew_session::RenewSession,
    create_account::CreateAccount,
    update_account::UpdateAccount,
    delete_account::DeleteAccount,
    get_resource_account::GetResourceAccount,
    share_resource::ShareResource,
    revoke_resource_sharing::RevokeResourceSharing,
    change_resource_owner::ChangeResourceOwner,
    create_tag::CreateTag,
    update_tag::UpdateTag,
    delete_tag::DeleteTag,
    attach_tag_to_resources::AttachTagToResources,
    detach_tag_from_resources::DetachTagFromResources,
    create_user_tag::CreateUserTag,
    create_system_tag::CreateSystemTag,
    create_system_tags::CreateSystemTags,
    update_system_tag::UpdateSystemTag,
    submit_long_job::SubmitLongJob,
    cancel_long_job::CancelLongJob,
    rerun_long_job::RerunLongJob,
    delete_long_job::DeleteLongJob,
    update_long_job::UpdateLongJob,
    get_task_progress::GetTaskProgress,
    create_zone::CreateZone,
    delete_zone::DeleteZone,
    get_current_time::GetCurrentTime,
    update_quota::UpdateQuota,
    zql_query::ZqlQuery,
    ]
    queries: [
    query_access_key::QueryAccessKey,
    query_zone::QueryZone,
    query_backup_storage::QueryBackupStorage,
    query_image_store_backup_storage::QueryImageStoreBackupStorage,
    query_primary_storage::QueryPrimaryStorage,
    query_volume::QueryVolume,
    query_volume_backup::QueryVolumeBackup,
    query_image::QueryImage,
    query_quota::QueryQuota,
    query_management_node::QueryManagementNode,
    query_long_job::QueryLongJob,
    query_system_tag::QuerySystemTag,
    query_user_tag::QueryUserTag,
    query_tag::QueryTag,
    query_shared_resource::QuerySharedResource,
    query_account::QueryAccount,
    ]
}
