"""What machines and forms reach: FastAPI routers."""
