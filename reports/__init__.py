"""What people see: one document model, shown as text, HTML and LaTeX; figures; the command line."""
