import pytest
import torch

from fromnoise.diffusion.process import PROCESSES
from fromnoise.seeds import Seeds


@pytest.mark.parametrize("name", list(PROCESSES))
class TestEveryProcess:
    def test_starts_clean_and_ends_as_noise(self, name: str) -> None:
        process = PROCESSES[name]()
        assert float(process.alpha(0.0)) == 1
        assert float(process.sigma(0.0)) == 0
        x0 = torch.rand(3, 2, 4)
        assert torch.equal(process.add_noise(x0, 0.0), x0)
        assert float(process.alpha(process.t_max) / process.sigma(process.t_max)) < 0.02

    def test_prior_has_the_size_of_the_noise(self, name: str) -> None:
        process = PROCESSES[name]()
        x = process.prior((3, 8), Seeds.count_from(0, 200))
        assert x.shape == (200, 3, 8) and x.dtype == torch.float32
        assert float(x.std()) == pytest.approx(float(process.sigma(process.t_max)), rel=0.05)

    def test_training_times_lie_inside_and_belong_to_their_stream(self, name: str) -> None:
        process = PROCESSES[name]()
        times = process.sample_time(Seeds.count_from(0, 500))
        assert times.shape == (500,) and times.dtype == torch.float64
        assert bool(((times > 0) & (times <= process.t_max)).all())
        assert torch.equal(process.sample_time(Seeds([7])), times[7:8])

    def test_marginals_of_add_noise(self, name: str) -> None:
        process, t = PROCESSES[name](), 0.4
        xt = process.add_noise(torch.full((500, 8), 2.0), t)
        assert float(xt.mean()) == pytest.approx(2 * float(process.alpha(t)), abs=0.05)
        assert float(xt.std()) == pytest.approx(float(process.sigma(t)), rel=0.05)

    def test_add_noise_takes_one_time_per_item_and_one_stream_per_item(self, name: str) -> None:
        process, x0 = PROCESSES[name](), torch.rand(3, 2, 2)
        t = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
        together = process.add_noise(x0, t, Seeds([5, 6, 7]))
        alone = [process.add_noise(x0[i : i + 1], float(t[i]), Seeds([5 + i])) for i in range(3)]
        assert torch.equal(together, torch.cat(alone))
        assert torch.equal(process.add_noise(x0, t), process.add_noise(x0, t, Seeds([0, 1, 2])))

    def test_add_noise_wants_as_many_seeds_as_items(self, name: str) -> None:
        with pytest.raises(ValueError, match="3 items"):
            PROCESSES[name]().add_noise(torch.rand(3, 2), 0.5, Seeds([0]))

    def test_loss_is_per_item_and_zero_for_the_truth(self, name: str) -> None:
        process, x0 = PROCESSES[name](), torch.rand(4, 2, 3)
        t = process.sample_time(Seeds.count_from(0, 4))
        xt = process.add_noise(x0, t)
        assert process.loss(x0, x0, xt, t).tolist() == [0, 0, 0, 0]
        loss = process.loss(x0 + 1, x0, xt, t)
        assert loss.shape == (4,) and bool((loss > 0).all()) and bool(loss.isfinite().all())
