//! Which ids name something.

use crate::rows::World;
use imprint_api::ResourceKind;

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
        assert_eq!(db.metadata.missing(&asked).await.unwrap(), [1, 3, 4, 5, 6]);
        assert_eq!(db.metadata.missing(&[]).await.unwrap(), [0; 0]);
    }

    async fn hundreds_of_ids_are_asked_for_at_once(db: &TestDb) {
        let world = World::create(db).await;
        let zone = world.zone.to_string();
        let mut asked = vec![(ResourceKind::Zone, "nothing"); 450];
        asked[7].1 = &zone;
        asked[333].1 = &zone;
        let missing = db.metadata.missing(&asked).await.unwrap();
        assert_eq!(missing, (0..450).filter(|index| ![7, 333].contains(index)).collect::<Vec<_>>());
    }
}
