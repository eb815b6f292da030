//! Tests of shards without an operating system: fake sockets, time as an argument, turns in any order.

mod accounts;
mod cluster;
mod dialogues;
mod fake;
mod freezes;
mod listeners;
mod marks;
mod operator;
mod replays;
mod rules;
mod simulation;
mod stream;
mod suspended;
mod visitors;
mod world;
