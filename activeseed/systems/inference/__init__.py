"""The ideological inference engine: a knowledge base of dicta, expanded and held against actions (Bricman 2022)."""
