"""The suite on a Dask cluster: the same answer as on processes of its own."""

from __future__ import annotations

from distributed import Client, LocalCluster

from verify import run_suite

NAMES = ["mc-41", "autoencoder"]


def test_a_local_cluster_gives_the_same_answer():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        report = run_suite(NAMES, executor=client.get_executor(), seed=5)
    own = run_suite(NAMES, jobs=1, seed=5)
    assert bool(report)
    assert [(r.name, r.method, r.outcome, r.verdict, r.figure) for r in report.rows] == [
        (r.name, r.method, r.outcome, r.verdict, r.figure) for r in own.rows
    ]


def test_a_cluster_that_loses_its_workers_is_reported():
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):

        def lose(done, total, row):
            if done == 1:
                cluster.scale(0)

        report = run_suite(["mc-41"], executor=client.get_executor(), seed=5, time_limit=5, progress=lose)
    assert len(report.rows) == len(run_suite(["mc-41"], jobs=1, seed=5).rows)
    assert report.rows[0].outcome != "not run"
    assert {r.outcome for r in report.rows} & {"time limit", "died", "error", "not run"}
