//! Pictures of numbers: SVG that the server draws, so they need no script and obey the stylesheet. Places across are in
//! per cent and heights in pixels, so a chart fits its card and its words keep their size. A table or a text says the
//! same as each picture.

pub mod bar_list;
pub mod calls;
pub mod days;
pub mod figures;
pub mod hour;
pub mod life;
pub mod scale;
pub mod spans;
pub mod spark;
pub mod time;
