//! Which ids name something.

use crate::rows::World;
use crate::test_db::TestDb;
use imprint_api::ResourceKind;
use imprint_metadata::Owner;

pub(crate) async fn missing(db: &TestDb, asked: &[(ResourceKind, &str)]) -> Vec<usize> {
    let owners = db.metadata.owners(asked).await.unwrap();
    owners.iter().enumerate().filter(|(_, owner)| owner.is_none()).map(|(place, _)| place).collect()
}

on_both! {
    async fn the_ids_that_name_nothing_are_told_by_their_place(db: &TestDb) {
        let world = World::create(db).await;
        let (zone, volume) = (world.zone.to_string(), world.volume.to_string());
        let upper = zone.to_uppercase();
        let asked = [
            (ResourceKind::Zone, zone.as_str()),
            (ResourceKind::Volume, zone.as_str()),
            (ResourceKind::Volume, volume.as_str()),
            (ResourceKind::Zone, upper.as_str()),
            (ResourceKind::DiskOffering, zone.as_str()),
            (ResourceKind::Image, "' OR 1=1 --"),
            (ResourceKind::Image, "a\0b"),
        ];
        assert_eq!(missing(db, &asked).await, [1, 3, 4, 5, 6]);
        assert_eq!(missing(db, &[]).await, [0; 0]);
    }

    async fn hundreds_of_ids_are_asked_for_at_once(db: &TestDb) {
        let world = World::create(db).await;
        let zone = world.zone.to_string();
        let mut asked = vec![(ResourceKind::Zone, "nothing"); 450];
        asked[7].1 = &zone;
        asked[333].1 = &zone;
        assert_eq!(missing(db, &asked).await, (0..450).filter(|index| ![7, 333].contains(index)).collect::<Vec<_>>());
    }

    async fn an_id_that_is_asked_for_often_is_answered_each_time(db: &TestDb) {
        let world = World::create(db).await;
        let volume = world.volume.to_string();
        let mut asked = vec![(ResourceKind::Resource, volume.as_str()); 100_000];
        asked.push((ResourceKind::Zone, &volume));
        let owners = db.metadata.owners(&asked).await.unwrap();
        assert_eq!(owners.iter().filter(|owner| **owner == Some(Owner::Account(world.account))).count(), 100_000);
        assert_eq!(owners.last(), Some(&None));
    }

    async fn owners_are_told_for_every_kind_and_for_any(db: &TestDb) {
        let world = World::create(db).await;
        let (zone, volume) = (world.zone.to_string(), world.volume.to_string());
        let asked = [(ResourceKind::Zone, zone.as_str()), (ResourceKind::Volume, &volume), (ResourceKind::Resource, &volume)];
        let owner = Owner::Account(world.account);
        assert_eq!(db.metadata.owners(&asked).await.unwrap(), [Some(Owner::Nobody), Some(owner), Some(owner)]);
        assert_eq!(db.metadata.resource(&volume).await.unwrap(), Some((ResourceKind::Volume, owner)));
        assert_eq!(db.metadata.resource("nothing").await.unwrap(), None);
    }
}
