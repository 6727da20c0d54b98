"""Distributed Maps as Step Functions runs them, where moto's interpreter does otherwise.

moto tolerates every failure, nests one call deeper for each item, gives a ResultWriter another input, and
waits for callbacks of an execution that was stopped. Sources: Step Functions Developer Guide, "Setting
failure thresholds for Distributed Map states" (the percentage is of the failed or timed out items among all;
a Map Run fails once it is exceeded), and API Reference, "StopExecution".
"""

from __future__ import annotations

import inspect
from contextlib import ExitStack
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_PARSER = "moto.stepfunctions.parser"
_ASL = f"{_PARSER}.asl.component"
_ITERATION = f"{_ASL}.state.exec.state_map.iteration"
_PROCESSOR = f"{_ITERATION}.itemprocessor.distributed_item_processor_worker"


def fit_map_runs() -> None:
    """Let map runs honour their failure threshold, and end when they are stopped."""
    worker = import_module(_PROCESSOR).DistributedItemProcessorWorker
    worker._eval_pool = _work_off  # noqa: SLF001 - moto's loop over the items, as recursion
    component = import_module(f"{_ITERATION}.distributed_iteration_component").DistributedIterationComponent
    component._eval_body = _ending_together(component._eval_body)  # noqa: SLF001 - what the Map state calls
    writer = import_module(f"{_ASL}.state.exec.state_map.result_writer.result_writer_decl").ResultWriter
    writer._eval_body = _write_results  # noqa: SLF001 - likewise
    environment = import_module(f"{_PARSER}.asl.eval.environment").Environment
    environment.set_error = _unless_stopped(environment.set_error)
    execution = import_module(f"{_PARSER}.backend.execution_worker").ExecutionWorker
    execution.stop = _interrupting(execution.stop)


def _work_off(worker: Any, job: Any, worker_frame: Any) -> None:
    pool, record = worker._job_pool, worker._map_run_record  # noqa: SLF001 - moto's worker has no other way in
    while job is not None:
        frame = worker_frame.open_inner_frame()
        worker._eval_job(env=frame, job=job)  # noqa: SLF001 - as above
        worker_frame.delete_frame(frame)
        if worker.stopped() or not worker_frame.is_running():
            job.job_output = RuntimeError("the execution was stopped")
            following = None
        elif _exceeded(record, pool._jobs_number):  # noqa: SLF001 - moto counts it nowhere else
            job.job_output = _too_many(worker_frame)
            following = None
        else:
            following = pool.next_job()
        if following is None:
            worker._env.delete_frame(worker_frame)  # noqa: SLF001 - as above
        pool.close_job(job)
        job = following


def _exceeded(record: Any, items: int) -> bool:
    """Whether more failed than is tolerated. A count of 0 beside a percentage is one that nobody gave."""
    counted = record.item_counter
    failed = counted.failed.get() + counted.timed_out.get()
    count, percentage = record.tolerated_failure_count, record.tolerated_failure_percentage
    by_share = bool(percentage or not count) and failed * 100 > percentage * items
    return by_share or bool(count and failed > count)


def _too_many(env: Any) -> Exception:
    names = import_module(f"{_ASL}.common.error_name.states_error_name_type").StatesErrorNameType
    failures = import_module(f"{_ASL}.common.error_name.failure_event")
    named = import_module(f"{_ASL}.common.error_name.states_error_name").StatesErrorName
    details = import_module(f"{_PARSER}.asl.eval.event.event_detail").EventDetails
    kinds = import_module(f"{_PARSER}.api").HistoryEventType
    error = named(typ=names.StatesExceedToleratedFailureThreshold)
    told = {"error": error.error_name, "cause": "The specified tolerated failure threshold was exceeded"}
    made: Exception = failures.FailureEventException(
        failure_event=failures.FailureEvent(
            env=env,
            error_name=error,
            event_type=kinds.MapRunFailed,
            event_details=details(mapRunFailedEventDetails=told),
        )
    )
    return made


def _ending_together(evaluate: Callable[..., None]) -> Callable[..., None]:
    """A map run that fails stops what still runs in it."""
    evaluate = inspect.unwrap(evaluate)

    @wraps(evaluate)
    def ending(component: Any, env: Any) -> None:
        with ExitStack() as failing:
            failing.callback(_stop_frames, env)
            evaluate(component, env)
            failing.pop_all()

    return ending


def _write_results(writer: Any, env: Any) -> None:
    """Paths in a ResultWriter's parameters are seen from the Map state's input, not from its results."""
    env.stack.append(env.states.get_input())
    writer.parargs.eval(env=env)
    parameters = env.stack.pop()
    env.stack[-1] = parameters
    writer.resource_eval.eval_resource(env=env)


def _stop_frames(env: Any) -> None:
    now = import_module(f"{_PARSER}.models").datetime.datetime.now()
    for frame in list(env._frames):  # noqa: SLF001 - moto has no other list of what runs in it
        frame.set_stop(stop_date=now, cause=None, error=None)
    _interrupt(env)


def _unless_stopped(set_error: Callable[..., None]) -> Callable[..., None]:
    """What breaks since an execution was stopped does not make it one that failed."""
    set_error = inspect.unwrap(set_error)

    @wraps(set_error)
    def keeping(env: Any, *given: Any, **named: Any) -> None:
        if type(env.program_state()).__name__ != "ProgramStopped":
            set_error(env, *given, **named)

    return keeping


def _interrupting(stop: Callable[..., None]) -> Callable[..., None]:
    stop = inspect.unwrap(stop)

    @wraps(stop)
    def stopping(worker: Any, *given: Any, **named: Any) -> None:
        if worker.env is not None:  # it was started a moment ago
            stop(worker, *given, **named)
            _interrupt(worker.env)

    return stopping


def _interrupt(env: Any) -> None:
    """Wake every task that waits for a callback; those that were stopped end."""
    waiting = env.callback_pool_manager._pool  # noqa: SLF001 - as above
    for endpoint in list(waiting.values()):
        if endpoint.get_outcome() is None:
            endpoint.interrupt_all()
