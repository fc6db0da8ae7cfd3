"""Messages of `tensorflow.core.protobuf`: meta graphs, savers, configurations."""
