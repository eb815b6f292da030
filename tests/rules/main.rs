//! The rules of the design, each made from the failure it tells of, as far as a process shows it:
//! the numbers are those of the design. What only pure code can show is tested where that code is.

mod rule_11_pipelines;
mod rule_1_fence;
mod rule_3_pacing;
mod rule_4_too_slow;
mod rule_6_mail;
mod rule_7_endings;
mod rule_8_new_streams;
mod rule_9_idle;
