//! A result as people and programs read it. Each rendering is a function of the model alone; only
//! [`files`] writes.

pub(crate) mod files;
pub(crate) mod hgrm;
pub(crate) mod html;
pub(crate) mod text;
pub(crate) mod words;
