"""Clustering methods: each is one function of the number of segments and a seed."""

from __future__ import annotations

from sklearn.cluster import HDBSCAN, Birch, KMeans

from idic_lab.compare.method_registry import method
from idic_lab.compare.methods.bagged import BaggedClustering
from idic_lab.compare.methods.latent_classes import LatentClassSegments
from idic_lab.compare.methods.on_sample import OnSample
from idic_lab.differentiate.needs import GaussianMixtureSegments, KMedoidsSegments, WardSegments

PAIRWISE = 1_500  # customers at most where a method looks at all pairs of them


@method("k_means")
def k_means(k, seed):
    """Segments around averages; on transactions this is the usual RFM k-means."""
    return KMeans(k, n_init=5, random_state=seed)


@method("k_medoids")
def k_medoids(k, seed):
    """Segments around real customers (PAM)."""
    return OnSample(KMedoidsSegments(k, random_state=seed), at_most=PAIRWISE, random_state=seed)


@method("ward")
def ward(k, seed):
    """Ward's hierarchical clustering."""
    return OnSample(WardSegments(k, random_state=seed), at_most=PAIRWISE, random_state=seed)


@method("gaussian_mixture")
def gaussian_mixture(k, seed):
    """A mixture of normal distributions."""
    return OnSample(GaussianMixtureSegments(k, random_state=seed), at_most=5_000, random_state=seed)


@method("birch")
def birch(k, seed):
    """Birch: a tree of local summaries, then joined into segments."""
    return Birch(n_clusters=k, threshold=0.25)


@method("hdbscan", takes_k=False)
def hdbscan(k, seed):
    """Regions of high density; how many is for the data to say, and who lies in none is a group of its own."""
    return OnSample(HDBSCAN(min_cluster_size=50, copy=True), at_most=5_000, random_state=seed)


@method("latent_classes", sees="measures")
def latent_classes(k, seed):
    """Latent classes of the answers, or of RFM scores where there are no answers."""
    return LatentClassSegments(k, random_state=seed)


@method("bagged_clustering")
def bagged_clustering(k, seed):
    """Centres of many k-means runs on resamples, joined by a hierarchy."""
    return BaggedClustering(k, random_state=seed)
