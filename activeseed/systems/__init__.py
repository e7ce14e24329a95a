"""Systems: one coupled-optimiser implementation (a trainer²) in each module or folder, behind `protocols.System`.

Records are light; what trains (torch) is imported when something trains.
"""
