# SPDX-License-Identifier: Apache-2.0
"""An independent pricing of a reading: exact fractions over the cards of ratecards/, written from
ratecards/SCHEMA.md and sharing nothing with the C code. Standard library only."""
