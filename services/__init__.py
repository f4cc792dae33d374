"""The services of Rapport, one package each; none imports another."""
