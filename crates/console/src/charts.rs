//! Pictures, as SVG that the templates write: their geometry in whole units, all of it computed here.

use crate::units;
use askama::Template;

/// Units across a picture.
const WIDTH: i64 = 1000;

/// Units down a picture.
const HEIGHT: i64 = 160;

/// Backups on the line of time: the more one stored, the higher it is, on a logarithmic scale.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "timeline.html")]
pub(crate) struct Timeline {
    /// What it shows, for those who do not see it.
    pub(crate) label: String,
    /// When it begins and ends.
    pub(crate) ends: (String, String),
    marks: Vec<Mark>,
}

/// One backup of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    x: i64,
    top: i64,
    bottom: i64,
    href: String,
    title: String,
    class: &'static str,
}

/// What a mark is made of.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// When, in milliseconds.
    pub(crate) at: i64,
    /// Bytes.
    pub(crate) size: u64,
    /// Where it leads.
    pub(crate) href: String,
    /// What it says.
    pub(crate) title: String,
    /// How it looks.
    pub(crate) class: &'static str,
}

/// A part of a whole, as units of a picture.
fn scaled(part: u64, whole: u64, units: i64) -> i64 {
    let units = u128::try_from(units).unwrap_or_default();
    let at = u128::from(part.min(whole)) * units / u128::from(whole.max(1));
    i64::try_from(at).unwrap_or_default()
}

/// Where a time lies between two others.
fn place(at: i64, from: i64, to: i64) -> i64 {
    let since = |time: i64| u64::try_from(time.saturating_sub(from)).unwrap_or_default();
    scaled(since(at), since(to), WIDTH)
}

impl Timeline {
    /// The line from the first of these to the last.
    pub(crate) fn new(label: String, ends: (String, String), moments: Vec<Moment>) -> Self {
        let from = moments.iter().map(|moment| moment.at).min().unwrap_or_default();
        let to = moments.iter().map(|moment| moment.at).max().unwrap_or_default();
        // Sizes differ by orders of magnitude: a mark is as high as the size has digits in base two.
        let weight = |size: u64| u64::from(size.max(1).ilog2());
        let most = moments.iter().map(|moment| weight(moment.size)).max().unwrap_or_default();
        let mark = |moment: Moment| Mark {
            x: place(moment.at, from, to),
            top: HEIGHT - 10 - scaled(weight(moment.size), most, HEIGHT - 20).max(6),
            bottom: HEIGHT - 10,
            href: moment.href,
            title: moment.title,
            class: moment.class,
        };
        Self { label, ends, marks: moments.into_iter().map(mark).collect() }
    }
}

/// How something grew and shrank.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "curve.html")]
pub(crate) struct Curve {
    /// What it shows, for those who do not see it.
    pub(crate) label: String,
    /// When it begins and ends.
    pub(crate) ends: (String, String),

    line: String,
}

impl Curve {
    /// The curve through these times and bytes, with what is said of the most; `None` when there are too few for one.
    pub(crate) fn new(label: fn(&str) -> String, ends: (String, String), points: &[(i64, u64)]) -> Option<Self> {
        let ((from, _), (to, _)) = (points.first()?, points.last()?);
        if from == to {
            return None;
        }
        let most = points.iter().map(|(_, bytes)| *bytes).max().unwrap_or_default();
        let point = |(at, bytes): &(i64, u64)| {
            let y = HEIGHT - 5 - scaled(*bytes, most, HEIGHT - 10);
            format!("{},{y}", place(*at, *from, *to))
        };
        let line = points.iter().map(point).collect::<Vec<_>>().join(" ");
        Some(Self { label: label(&units::bytes(most)), ends, line })
    }
}

/// A volume as a field of cells, each as dark as what changed in it.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "block_map.html")]
pub(crate) struct BlockMap {
    /// What it shows, for those who do not see it.
    pub(crate) label: String,
    cells: Vec<MapCell>,
    height: i64,
}

/// A run of cells of one row that look alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MapCell {
    x: i64,
    y: i64,
    width: i64,
    class: &'static str,
    title: String,
}

/// Cells in a row of the field.
const ROW: usize = 64;

/// Units of a cell's side.
const SIDE: i64 = 15;

impl BlockMap {
    /// The field of cells of which each stands for `cell_bytes`, of which so many have changed.
    pub(crate) fn new(label: String, cell_bytes: u64, changed: &[u64]) -> Self {
        let mut cells: Vec<MapCell> = Vec::new();
        let mut nth = 0;
        for (row, y) in changed.chunks(ROW).zip((0_i64..).map(|nth| nth * SIDE)) {
            for ((place, bytes), x) in row.iter().enumerate().zip((0_i64..).map(|nth| nth * SIDE)) {
                let class = shade(*bytes, cell_bytes);
                match cells.last_mut() {
                    // What has not changed needs no borders.
                    Some(last) if place > 0 && last.class == class && class == "same" => last.width += SIDE,
                    _ => cells.push(MapCell { x, y, width: SIDE, class, title: title_of(*bytes, nth, cell_bytes) }),
                }
                nth += 1;
            }
        }
        let rows = i64::try_from(changed.len().div_ceil(ROW)).unwrap_or_default();
        Self { label, cells, height: rows * SIDE }
    }
}

/// What changed in a cell, and where it begins.
fn title_of(changed: u64, nth: u64, cell_bytes: u64) -> String {
    format!("{}: {}", units::bytes(nth.saturating_mul(cell_bytes)), units::bytes(changed))
}

fn shade(changed: u64, of: u64) -> &'static str {
    match units::percent(changed, of) {
        _ if changed == 0 => "same",
        0..25 => "some",
        25..75 => "much",
        _ => "most",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(at: i64, size: u64) -> Moment {
        Moment { at, size, href: "/backups/x".to_owned(), title: "<b>".to_owned(), class: "full" }
    }

    #[test]
    fn a_timeline_reaches_from_the_first_to_the_last() {
        let ends = (String::new(), String::new());
        let line =
            Timeline::new(String::new(), ends.clone(), vec![moment(5, 1 << 30), moment(10, 0), moment(15, 1 << 20)]);
        assert_eq!(line.marks.iter().map(|mark| mark.x).collect::<Vec<_>>(), [0, 500, 1000]);
        assert!(line.marks[0].top < line.marks[2].top && line.marks[2].top < line.marks[1].top);
        assert!(!line.render().unwrap().contains("<b>"));
        // One alone stands at the beginning; none make no picture.
        assert_eq!(Timeline::new(String::new(), ends.clone(), vec![moment(i64::MAX, 1)]).marks[0].x, 0);
        assert!(Timeline::new(String::new(), ends, Vec::new()).marks.is_empty());
    }

    #[test]
    fn a_curve_needs_two_points() {
        let ends = (String::new(), String::new());
        let new = |points| Curve::new(str::to_owned, ends.clone(), points);
        assert_eq!([new(&[]), new(&[(1, 5)])], [None, None]);
        let curve = new(&[(0, 0), (5, 10), (10, 5)]).unwrap();
        assert_eq!(curve.label, "10 B");
        assert_eq!(curve.line, "0,155 500,5 1000,80");
    }

    #[test]
    fn cells_that_have_not_changed_run_together_within_a_row() {
        let mut changed = vec![0; 130];
        changed[3] = 100;
        changed[4] = 100;
        let map = BlockMap::new(String::new(), 100, &changed);
        let shown: Vec<_> = map.cells.iter().map(|cell| (cell.x, cell.y, cell.width, cell.class)).collect();
        let most = |x| (x, 0, 15, "most");
        assert_eq!(
            shown,
            [(0, 0, 45, "same"), most(45), most(60), (75, 0, 885, "same"), (0, 15, 960, "same"), (0, 30, 30, "same")]
        );
        assert_eq!(map.height, 45);
    }
}
