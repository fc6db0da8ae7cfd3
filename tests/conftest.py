"""Settings for every test: hypothesis profiles, and the CPU unless told otherwise."""

import os

import hypothesis

# The whole suite passes on a CPU; JAX_PLATFORMS=cuda runs it, with `-m gpu`, elsewhere.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

hypothesis.settings.register_profile("dev", max_examples=25, deadline=None)
hypothesis.settings.register_profile(
    "ci", max_examples=50, deadline=None, derandomize=True
)
hypothesis.settings.register_profile("nightly", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev")
)
