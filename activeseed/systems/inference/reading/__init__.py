"""Reading free prose: sentences, their markup, the words of norms, who is meant, and the norms that a sentence holds."""
