//! The client as a person meets it: on a pseudo-terminal whose screen is read through a terminal
//! emulator, and as a program meets it: in a pipe.

mod talk;
mod term;

mod comes_back;
mod complete;
mod ctrl_r;
mod hostile;
mod keys;
mod login;
mod look;
mod lost;
mod order;
mod paste;
mod pipe;
mod plain;
mod resize;
mod signals;
mod typing;
