//! Promises of the protocol, each tested against the real server: one file for each promise, or
//! for each part of the protocol that people and programs rely on.

// Promises.
mod answers_in_order;
mod drain;
mod history;
mod no_echo;
mod once;
mod one_order;
mod privacy;
mod slow_readers;

// The protocol that the promises build on.
mod commands;
mod connection_limits;
mod every_split;
mod flood;
mod greeting;
mod listeners;
mod names;
mod notices;
mod other_protocols;
mod rogues;
mod telnet;
mod telnet_and_ncat;
mod text;
mod transport;
mod who;
