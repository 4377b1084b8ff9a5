"""Released recognisers as files of other runtimes: OpenVINO, LiteRT, Core ML; converted, run and compared."""
