"""Reading free prose: sentences, their markup, the words of norms, who is meant, and what a sentence asks."""
