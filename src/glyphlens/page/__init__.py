"""The web page that recognises in the browser: its files, the runtime that it needs, and a server for one machine."""
