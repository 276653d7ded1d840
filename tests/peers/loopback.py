"""Runs a module that binds to all addresses on the loopback only: loopback.py MODULE ARGUMENTS."""

import runpy
import socket
import sys

bind = socket.socket.bind


def bind_loopback(self, address):
    host, *rest = address
    # A socket of IPv6 takes the loopback of IPv4 in this form.
    return bind(self, ("::ffff:127.0.0.1" if host == "::" else "127.0.0.1", *rest))


socket.socket.bind = bind_loopback
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
