"""Rollups: sums over the attempts, by hour and by day. They can be made again from the attempts (docs/usage.md).

What a sum is taken by is a **dimension**, what is summed a **measure**. Attempts that are alike in all dimensions are a
**group**; a group's sums over an hour or a day are a **cell**.
"""
