//! What the build script of libfuzzer-sys names of the crate cc, and does not call in a check.

pub struct Build;

impl Build {
    pub fn new() -> Self {
        Self
    }
    pub fn file(&mut self, _: &str) {}
    pub fn cpp(&mut self, _: bool) {}
    pub fn std(&mut self, _: &str) {}
    pub fn force_frame_pointer(&mut self, _: bool) {}
    pub fn warnings(&mut self, _: bool) {}
    pub fn compile(&self, _: &str) {}
}
