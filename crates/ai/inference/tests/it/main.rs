//! The model server from outside: its protocol on a model made here, and its
//! answers against ONNX Runtime's own on models made in Python.

mod answers;
mod loading;
mod models;
mod protocol;
mod server;
mod spans;
