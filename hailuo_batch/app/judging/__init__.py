"""What choosing needs: which takes a decision means, the review file that it goes to, and what follows from it."""
