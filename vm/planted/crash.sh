#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# All results are fine, then it crashes.
echo 1..1
echo "ok 1 one"
kill -SEGV $$
