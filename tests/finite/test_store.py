"""The store: what is read from it is what was written, or an error; it survives kills, rivals and bad names."""

import os
import random
import shutil
import sqlite3
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

import rfrobust
from rfrobust.finite import montecarlo, store
from rfrobust.finite.replicate import run
from rfrobust.finite.store import Store, StoreError
from tests.command_line import run as command
from tests.refusals import refusals

PROBLEM = {"psi1": 1, "psi2": 2, "eps": 0.3, "d": 10, "replicates": 4, "workers": 1}


@pytest.fixture
def runs(tmp_path):
    path = tmp_path / "runs.db"
    rfrobust.simulate(**PROBLEM, store=path)
    return path


def change(path, statement, *values):
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement, values)
    connection.close()


def test_no_damaged_byte_changes_a_number(tmp_path):
    path, damaged = tmp_path / "runs.db", tmp_path / "damaged.db"
    with Store(path) as saved:
        saved.add([({"seed": i}, {"risk": 1.0 + i / 7, "gap": i / 3e9}) for i in range(40)])
        rows = list(saved)
        keys = [store.key_of({"seed": i}) for i in range(40)]
        numbers = saved.get(keys)
    content, rng, refused = path.read_bytes(), random.Random(0), 0
    for _ in range(300):
        place = rng.randrange(len(content))
        damaged.write_bytes(content[:place] + bytes([content[place] ^ rng.randrange(1, 256)]) + content[place + 1 :])
        try:
            with Store(damaged) as found:
                assert list(found) == rows
                assert found.get(keys).items() <= numbers.items()
        except StoreError:
            refused += 1
    assert 100 < refused < 300  # the others hit what nothing is read from


def test_a_row_that_was_changed_is_refused(runs):
    change(runs, "UPDATE replicates SET result = replace(result, '\"gap\": ', '\"gap\": 1') WHERE rowid = 3")
    with pytest.raises(StoreError, match="is damaged: row 3 does not have its checksum"):
        rfrobust.simulate(**PROBLEM, store=runs)


def test_a_row_without_its_keys_is_refused(tmp_path, runs, capsys):
    with Store(runs, read_only=True) as saved:
        table = saved.table()
    records = []
    with Store(tmp_path / "other.db") as other, pytest.MonkeyPatch.context() as patch:
        patch.setattr(montecarlo, "key_of", lambda record: records.append(record) or store.key_of(record))
        rfrobust.simulate(**PROBLEM)
        other.add([(records[0], {"standard_risk": table.standard_risk[0]})])
    with pytest.raises(StoreError, match=r"other.db has a replicate of this problem without converged, gap, gradient"):
        rfrobust.simulate(**PROBLEM, store=tmp_path / "other.db")
    code, out, err = command(capsys, "store", "ls", str(tmp_path / "other.db"))
    assert (code, out) == (2, "")
    assert "has rows without converged" in err


def test_a_store_without_its_table_is_refused(runs, capsys):
    change(runs, "DROP TABLE replicates")
    with pytest.raises(StoreError, match="no such table"):
        rfrobust.simulate(**PROBLEM, store=runs)
    for arguments in (["ls", str(runs)], ["export", str(runs), str(runs.with_suffix(".csv"))]):
        code, _, err = command(capsys, "store", *arguments)
        assert code == 2
        assert "no such table" in err


def test_functions_that_agree_at_even_points_have_different_keys():
    frequency = 8 * np.pi  # zero at all multiples of 1/8
    waves = [
        rfrobust.Activation(
            "wave",
            lambda u, b=b: u + b * np.sin(frequency * u) ** 3,
            lambda u, b=b: 1 + 3 * b * frequency * np.sin(frequency * u) ** 2 * np.cos(frequency * u),
            *(0.0, 1.0, 0.16770509831, 5.65486677646),
        )
        for b in (0.3, -0.3)
    ]
    assert waves[0].key != waves[1].key


class Recorder(sqlite3.Connection):
    """Keeps what a kill before each statement would leave on the disk."""

    def execute(self, *arguments):
        path = Path(next(iter(super().execute("PRAGMA database_list")))[2])
        image = path.parent / f"image-{len(list(path.parent.glob('image-*')))}"
        image.mkdir()
        for ending in ("", "-wal", "-journal"):
            if Path(f"{path}{ending}").exists():
                shutil.copy(f"{path}{ending}", image / f"runs.db{ending}")
        return super().execute(*arguments)


def test_a_kill_while_a_store_is_made_leaves_one_that_can_be_used(tmp_path, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **more: connect(*a, factory=Recorder, **more))
    Store(tmp_path / "runs.db").close()
    monkeypatch.undo()
    images = list(tmp_path.glob("image-*"))
    assert len(images) > 5
    for image in images:
        with Store(image / "runs.db") as left:
            left.add([({"seed": 1}, {"risk": 1.0})])
            assert len(left) == 1


def test_a_store_may_be_made_by_several_at_once(tmp_path):
    failures, rounds = [], 10
    barrier = threading.Barrier(4)

    def work(number):
        for i in range(rounds):
            barrier.wait()
            try:
                with Store(tmp_path / f"{i}.db") as shared:
                    shared.add([({"seed": number}, {"risk": 1.0})])
            except StoreError as error:
                failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for i in range(rounds):
        with Store(tmp_path / f"{i}.db") as shared:
            assert len(shared) == 4


@pytest.mark.parametrize("replaced", [False, True])
def test_a_deleted_store_is_noticed(tmp_path, monkeypatch, replaced):
    path = tmp_path / "runs.db"

    def deleting(task):
        for file in tmp_path.glob("runs.db*"):
            file.unlink()
        if replaced:
            Store(path).close()
        return run(task)

    monkeypatch.setattr("rfrobust.finite.backends.run", deleting)
    with pytest.raises(StoreError, match=r"runs.db was deleted or replaced while it was in use"):
        rfrobust.simulate(**PROBLEM, store=path)


test_names_that_are_no_files_are_refused = refusals(
    (lambda: Store("a\0b"), "store must be a path, which no null character is part of"),
    (lambda: rfrobust.simulate(**PROBLEM, store=":memory:"), "store must be the path of a file"),
    (lambda: Store("file:runs.db?mode=memory"), "store must be the path of a file"),
    (lambda: Store(2.5), "store must be a path, got 2.5", TypeError),
    (lambda: rfrobust.simulate(**PROBLEM, store=["runs.db"]), "store must be a path", TypeError),
    (lambda: Store(""), "store must be a path, got ''", TypeError),
    (
        lambda: rfrobust.simulate(**PROBLEM, store=Path(__file__).parent),
        "store must be a file, got the folder",
        StoreError,
    ),
)


@pytest.mark.skipif(not hasattr(os, "setresuid"), reason="needs rights that can be laid down")
def test_a_store_that_cannot_be_written_can_be_read(runs, capsys):
    """In a folder that cannot be written either; the super-user, whom no mode stops, becomes somebody else for it."""
    shared = Path(tempfile.mkdtemp())  # all may enter it, as they may not the folders of the tests
    try:
        saved = Path(shutil.copy(runs, shared))
        command(capsys, "store", "ls", str(runs))  # imports what it needs
        saved.chmod(0o444)
        shared.chmod(0o555)
        before = os.getuid()
        if before == 0:
            os.setresuid(65534, 65534, 0)
        try:
            code, out, err = command(capsys, "store", "ls", str(saved))
            with Store(saved, read_only=True) as found:
                table = found.table()
                with pytest.raises(StoreError, match=r"could not write to .* readonly"):
                    found.add([({"seed": 1}, {"risk": 1.0})])
            with pytest.raises(StoreError, match=r"cannot be opened as a rfrobust store: .* readonly"):
                rfrobust.simulate(**PROBLEM, store=saved)
        finally:
            if before == 0:
                os.setresuid(0, 0, 0)
        assert code == 0, err
        assert "4 replicates" in out
        assert len(table) == 4
        assert [file.name for file in shared.iterdir()] == ["runs.db"]
    finally:
        shared.chmod(0o755)
        shutil.rmtree(shared)


def test_rows_that_are_not_folded_in_are_not_left_out(runs):
    """A writer was killed: the log beside the store holds what it has not."""
    with Store(runs) as writer:
        writer.add([({"seed": 1}, {"risk": 1.0})])
        image = runs.parent / "image"
        image.mkdir()
        for ending in ("", "-wal"):
            shutil.copy(f"{runs}{ending}", image / f"runs.db{ending}")
    with Store(image / "runs.db", read_only=True) as found:
        assert len(found) == 5
