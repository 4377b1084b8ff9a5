"""Released recognisers as files of other runtimes: OpenVINO, LiteRT; converted, run and compared."""
