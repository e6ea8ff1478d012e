"""``egca report``: a run, or two side by side, as one self-contained HTML file."""
