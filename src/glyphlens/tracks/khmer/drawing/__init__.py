"""Texts as pictures of lines: shaped, styled, printed, worn, cut out."""
